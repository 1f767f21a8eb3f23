import { CriterionState } from "../shared/ui/criterion";
import type { Call } from "./call";

interface Props {
  readonly items: Call["checklist"];
  readonly ticks: Call["ticks"];
}

export function ChecklistPanel({ items, ticks }: Props) {
  const met = items.filter((item) => ticks[item.criterion] === "met").length;
  return (
    <section class="panel checklist" aria-labelledby="checklist">
      <h2 id="checklist">
        Checklist
        {items.length > 0 && (
          <span class="tally">
            {met} of {items.length}
          </span>
        )}
      </h2>
      {items.length === 0 && <p class="hint">No checklist for this call.</p>}
      <ul>
        {items.map((item) => {
          const state = ticks[item.criterion] ?? "open";
          return (
            <li key={item.criterion} class={state} data-criterion={item.criterion} data-state={state}>
              <CriterionState state={state} brief />
              <span class="criterion">{item.label}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
