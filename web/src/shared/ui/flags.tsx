import type { Flag } from "../contract";
import { words } from "../format";
import { Icon, type IconName } from "./icons";

const ICONS: Record<Flag["severity"], IconName> = { critical: "error", major: "warning", minor: "info" };

const ABOUT: Record<Flag["about"], string> = {
  conduct: "how the call was handled",
  process: "the process",
  system: "the system",
};

/** Flags are about conduct, process or system; never about the patient. */
export function FlagList({ flags }: { readonly flags: readonly Flag[] }) {
  if (flags.length === 0) {
    return <p class="hint">No flags.</p>;
  }
  return (
    <ul class="flags" aria-label="Flags">
      {flags.map((flag) => (
        <li key={flag.code} class={flag.severity}>
          <Icon name={ICONS[flag.severity]} />
          <strong>{words(flag.code)}</strong>
          <span>
            {words(flag.severity)}, about {ABOUT[flag.about]}
          </span>
        </li>
      ))}
    </ul>
  );
}
