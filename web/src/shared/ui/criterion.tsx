import type { CriterionResult } from "../contract";
import { Icon, type IconName } from "./icons";

type State = CriterionResult["state"];

const STATES: Record<State, { readonly word: string; readonly icon: IconName }> = {
  open: { word: "Open", icon: "open" },
  met: { word: "Met", icon: "tick" },
  partly_met: { word: "Partly met", icon: "tick" },
  not_met: { word: "Not met", icon: "cross" },
  not_applicable: { word: "Did not apply", icon: "dash" },
  insufficient: { word: "Not judged", icon: "dash" },
};

export const STATE_WORDS = {
  open: STATES.open.word,
  met: STATES.met.word,
  not_met: STATES.not_met.word,
  not_applicable: STATES.not_applicable.word,
} as const;

/** Shape and word say it; colour only repeats it. `brief` leaves the word to screen readers. */
export function CriterionState({ state, brief = false }: { readonly state: State; readonly brief?: boolean }) {
  return (
    <span class={`criterion-state ${state}`}>
      <Icon name={STATES[state].icon} />
      <span class={brief ? "unseen" : ""}>{STATES[state].word}</span>
    </span>
  );
}
