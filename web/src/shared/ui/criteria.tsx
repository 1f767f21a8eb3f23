import type { ComponentChildren } from "preact";
import type { CriterionResult, ReviewStep } from "../contract";
import { bucket, counted } from "../format";
import { CriterionState } from "./criterion";

/** Evidence without content: how often, which side, roughly when. */
export function evidence(result: CriterionResult): string {
  if (result.state === "insufficient") {
    return "Too little was understood";
  }
  if (result.hits === 0 || result.first_bucket === null) {
    return "Not heard";
  }
  const who = result.leg === null ? "Either side" : { agent: "Receptionist", patient: "Caller" }[result.leg];
  return `${who}, ${counted(result.hits, "time")}, first at ${bucket(result.first_bucket)}`;
}

/** Points that applied, and how many of them were reached. */
export function points(criteria: readonly CriterionResult[]): { readonly reached: number; readonly applied: number } {
  const counting = criteria.filter((one) => one.points !== null);
  return {
    reached: counting.reduce((total, one) => total + (one.points ?? 0), 0),
    applied: counting.reduce((total, one) => total + one.weight, 0),
  };
}

interface Props {
  readonly criteria: readonly CriterionResult[];
  /** What was said about them since: a revised result is shown beside the first one. */
  readonly review?: readonly ReviewStep[];
  /** More about one criterion, below its evidence. */
  readonly more?: (one: CriterionResult) => ComponentChildren;
}

export function CriteriaTable({ criteria, review, more }: Props) {
  if (criteria.length === 0) {
    return null;
  }
  const { reached, applied } = points(criteria);
  const revised = new Map(review?.map((step) => [step.criterion, step.state]));
  return (
    <table class="criteria">
      <caption>
        Every criterion. {reached} of the {applied} points that applied were reached.
      </caption>
      <thead>
        <tr>
          <th scope="col">Criterion</th>
          <th scope="col">Result</th>
          <th scope="col" class="number">
            Points
          </th>
          <th scope="col">Evidence kept</th>
        </tr>
      </thead>
      <tbody>
        {criteria.map((one) => (
          <tr key={one.criterion} data-criterion={one.criterion} data-state={one.state}>
            <th scope="row">{one.label}</th>
            <td data-label="Result">
              <CriterionState state={one.state} />
              <Revised state={revised.get(one.criterion) ?? null} />
            </td>
            <td data-label="Points" class="number">
              {one.points === null ? "–" : `${one.points} of ${one.weight}`}
            </td>
            <td data-label="Evidence kept">
              <div class="evidence">
                <span>{evidence(one)}</span>
                {more?.(one)}
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Revised({ state }: { readonly state: ReviewStep["state"] }) {
  if (state === null) {
    return null;
  }
  return (
    <p class="revised">
      <span class="hint">revised to</span> <CriterionState state={state} />
    </p>
  );
}
