import { useState } from "preact/hooks";
import type { CriterionResult, Evaluation, Revised } from "../shared/contract";
import { type Decision, decide, REVISED_BECAUSE, UPHELD_BECAUSE } from "../shared/review";
import { STATE_WORDS } from "../shared/ui/criterion";
import { ChoiceForm, useFocusBack } from "../shared/ui/review";

interface Props {
  readonly evaluation: Evaluation;
  readonly one: CriterionResult;
  readonly onDecided: (evaluation: Evaluation) => void;
}

const STATES: readonly Revised["state"][] = ["met", "not_met", "not_applicable"];

/** First what, then why. The manager has no words to listen to either: they weigh what the two sides can say. */
export function DecisionForm({ evaluation, one, onDecided }: Props) {
  const [state, setState] = useState<Revised["state"] | "as_it_is" | null>(null);
  const { criterion, label } = one;
  const first = useFocusBack(state !== null);
  if (state === null) {
    return (
      <div class="row" role="group" aria-label={`Decide: ${label}`}>
        <button type="button" ref={first} onClick={() => setState("as_it_is")}>
          Uphold
        </button>
        {STATES.filter((other) => other !== one.state).map((other) => (
          <button key={other} type="button" onClick={() => setState(other)}>
            Revise to “{STATE_WORDS[other]}”
          </button>
        ))}
      </div>
    );
  }
  const cancel = (): void => setState(null);
  if (state === "as_it_is") {
    return (
      <ChoiceForm
        title={`Uphold “${label}”`}
        question="Why does the result stay?"
        choices={UPHELD_BECAUSE}
        send="Uphold"
        onSend={async (rationale) => onDecided(await decide(evaluation.id, { outcome: "upheld", criterion, rationale }))}
        onCancel={cancel}
      />
    );
  }
  return (
    <ChoiceForm
      title={`Revise “${label}”`}
      question={`Why is it now “${STATE_WORDS[state]}”?`}
      choices={REVISED_BECAUSE}
      send="Revise"
      onSend={async (rationale) =>
        onDecided(await decide(evaluation.id, { outcome: "revised", criterion, rationale, state }))
      }
      onCancel={cancel}
    />
  );
}

/** The machine names what may fail a call; whether it does, a person says. */
export function FailForm({ evaluation, one, onDecided }: Props) {
  const [fails, setFails] = useState<boolean | null>(null);
  const { criterion, label } = one;
  const answer = async (decision: Decision): Promise<void> => onDecided(await decide(evaluation.id, decision));
  const cancel = (): void => setFails(null);
  const first = useFocusBack(fails !== null);
  if (fails === null) {
    return (
      <div class="row" role="group" aria-label={`Does the call fail: ${label}`}>
        <span>May fail the whole call. You decide:</span>
        <button type="button" ref={first} onClick={() => setFails(true)}>
          It fails
        </button>
        <button type="button" onClick={() => setFails(false)}>
          It does not
        </button>
      </div>
    );
  }
  return fails ? (
    <ChoiceForm
      title={`The call fails: “${label}”`}
      question="Why does the call fail?"
      hint="The call then counts 0. The first total stays in sight."
      choices={UPHELD_BECAUSE}
      send="Fail this call"
      onSend={async (rationale) => answer({ outcome: "fail_confirmed", criterion, rationale })}
      onCancel={cancel}
    />
  ) : (
    <ChoiceForm
      title={`The call does not fail: “${label}”`}
      question="Why does it not fail?"
      choices={REVISED_BECAUSE}
      send="Do not fail it"
      onSend={async (rationale) => answer({ outcome: "fail_dismissed", criterion, rationale })}
      onCancel={cancel}
    />
  );
}
