import { useState } from "preact/hooks";
import { asProblem, type Problem } from "../shared/api";
import type { CriterionResult, Evaluation, Me, PurgeReceipt } from "../shared/contract";
import { clock, minute, notScored, percent } from "../shared/format";
import { acknowledge, contest, mayFail, REVIEW_STATES, stepsOf, waits } from "../shared/review";
import { CriteriaTable } from "../shared/ui/criteria";
import { FlagList } from "../shared/ui/flags";
import { Icon } from "../shared/ui/icons";
import { Message } from "../shared/ui/message";
import { ReceiptFigures, ReceiptState } from "../shared/ui/receipt";
import { ContestForm, Steps } from "../shared/ui/review";
import { ALL, type View } from "./address";
import { DecisionForm, FailForm } from "./DecisionForm";
import { Link } from "./Link";
import { useLoaded } from "./load";

interface Props {
  readonly id: string;
  readonly me: Me;
  readonly go: (view: View) => void;
}

export function EvaluationPage({ id, me, go }: Props) {
  const loaded = useLoaded<Evaluation>(`/api/evaluations/${encodeURIComponent(id)}`);
  return (
    <>
      <p class="crumbs">
        <Link to={ALL} go={go}>
          All calls
        </Link>
      </p>
      {loaded.state !== "here" && <h1 class="unseen">One call</h1>}
      {loaded.state === "loading" && <p role="status">Loading…</p>}
      {loaded.state === "failed" && (
        <Message tone="error" title={loaded.problem.title}>
          {loaded.problem.detail}
        </Message>
      )}
      {loaded.state === "here" && <InFull loaded={loaded.value} me={me} />}
    </>
  );
}

function InFull({ loaded, me }: { readonly loaded: Evaluation; readonly me: Me }) {
  const [evaluation, setEvaluation] = useState(loaded);
  const mine = evaluation.agent.id === me.person_id;
  const more = (one: CriterionResult) => (
    <Review evaluation={evaluation} one={one} mine={mine} manager={me.roles.includes("manager")} onStep={setEvaluation} />
  );
  return (
    <>
      <div class="heading">
        <h1>Call of {minute(evaluation.started_at)}</h1>
        <p class="hint">
          Answered by {evaluation.agent.name}, {clock(evaluation.duration_s)} long
        </p>
      </div>
      <div class="evaluation">
        <section class="panel summary" aria-labelledby="score">
          <h2 id="score">Score</h2>
          {evaluation.total === null ? (
            <p class="total none">{notScored(evaluation.reason)}</p>
          ) : (
            <p class="total">
              <strong>{evaluation.total}</strong> of 100
            </p>
          )}
          {evaluation.revised_total !== null && (
            <p class="total now">
              {evaluation.automatic_fail === "confirmed" ? "Failed by decision, now" : "Revised to"}{" "}
              <strong>{evaluation.revised_total}</strong> of 100
            </p>
          )}
          <dl>
            <dt>Review</dt>
            <dd>{REVIEW_STATES[evaluation.state]}</dd>
            <dt>Speech understood</dt>
            <dd>{percent(evaluation.coverage)}</dd>
            <dt>Playbook</dt>
            <dd>
              {evaluation.playbook_version === 0
                ? "none was applied"
                : `${evaluation.playbook}, ${evaluation.playbook_own ? "your" : "our"} version ${evaluation.playbook_version}`}
            </dd>
          </dl>
          {mine && <Acknowledge evaluation={evaluation} onStep={setEvaluation} />}
        </section>
        <section class="panel" aria-labelledby="flags">
          <h2 id="flags">Flags</h2>
          <FlagList flags={evaluation.flags} />
          <p class="hint">A flag is about conduct, process or system; never about the patient.</p>
        </section>
        <section class="panel wide" aria-labelledby="criteria">
          <h2 id="criteria">Criteria</h2>
          {evaluation.criteria.length === 0 ? (
            <p>No criteria: this call was not analysed.</p>
          ) : (
            <CriteriaTable criteria={evaluation.criteria} review={evaluation.review} more={more} />
          )}
          <p class="hint">
            Evidence says how often and roughly when, in stretches of ten seconds. The words themselves were never stored.
            The first result stays in sight whatever is decided later.
          </p>
        </section>
        <Receipt receipt={evaluation.receipt} />
      </div>
    </>
  );
}

interface ReviewProps {
  readonly evaluation: Evaluation;
  readonly one: CriterionResult;
  readonly mine: boolean;
  readonly manager: boolean;
  readonly onStep: (evaluation: Evaluation) => void;
}

/** What was said about one criterion, and what this person can say. Nobody decides about their own call. */
function Review({ evaluation, one, mine, manager, onStep }: ReviewProps) {
  const steps = stepsOf(evaluation, one.criterion);
  return (
    <>
      <Steps steps={steps} />
      {mine && !steps.some((step) => step.kind === "contested") && one.state !== "open" && (
        <ContestForm
          label={one.label}
          onContest={async (reason) => onStep(await contest(evaluation.id, { criterion: one.criterion, reason }))}
        />
      )}
      {manager && !mine && waits(steps) && <DecisionForm evaluation={evaluation} one={one} onDecided={onStep} />}
      {mayFail(one, steps) && (mine || waits(steps) || !manager) && <p>May fail the whole call; a manager decides.</p>}
      {manager && !mine && !waits(steps) && mayFail(one, steps) && (
        <FailForm evaluation={evaluation} one={one} onDecided={onStep} />
      )}
    </>
  );
}

function Acknowledge({ evaluation, onStep }: Pick<ReviewProps, "evaluation" | "onStep">) {
  const [problem, setProblem] = useState<Problem | null>(null);
  if (evaluation.state === "in_review") {
    return <p class="hint">Your manager has not decided yet.</p>;
  }
  if (evaluation.state === "acknowledged") {
    return (
      <p role="status" class="complete">
        <Icon name="tick" />
        You have read this
      </p>
    );
  }
  const step = (): void => {
    acknowledge(evaluation.id).then(onStep, (error: unknown) => setProblem(asProblem(error)));
  };
  return (
    <>
      {problem !== null && (
        <Message tone="error" title={problem.title}>
          {problem.detail}
        </Message>
      )}
      <button type="button" onClick={step}>
        I have read this
      </button>
      <p class="hint">That is all it says: it does not say that you agree. You can still contest a criterion.</p>
    </>
  );
}

function Receipt({ receipt }: { readonly receipt: PurgeReceipt }) {
  return (
    <section class="panel receipt wide" aria-labelledby="receipt">
      <h2 id="receipt">Purge receipt</h2>
      <ReceiptState receipt={receipt} />
      <ReceiptFigures receipt={receipt} />
    </section>
  );
}
