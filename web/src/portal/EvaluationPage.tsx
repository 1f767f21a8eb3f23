import type { Evaluation, PurgeReceipt } from "../shared/contract";
import { age, clock, count, minute, notScored, percent, second } from "../shared/format";
import { CriteriaTable } from "../shared/ui/criteria";
import { FlagList } from "../shared/ui/flags";
import { Icon } from "../shared/ui/icons";
import { Message } from "../shared/ui/message";
import type { View } from "./address";
import { Link } from "./Link";
import { useLoaded } from "./load";

interface Props {
  readonly id: string;
  readonly go: (view: View) => void;
}

export function EvaluationPage({ id, go }: Props) {
  const loaded = useLoaded<Evaluation>(`/api/evaluations/${encodeURIComponent(id)}`);
  return (
    <>
      <p class="crumbs">
        <Link to={{ page: "list", before: null, monitor: false }} go={go}>
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
      {loaded.state === "here" && <InFull evaluation={loaded.value} />}
    </>
  );
}

function InFull({ evaluation }: { readonly evaluation: Evaluation }) {
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
          <dl>
            <dt>Speech understood</dt>
            <dd>{percent(evaluation.coverage)}</dd>
            <dt>Playbook</dt>
            <dd>
              {evaluation.playbook}, version {evaluation.playbook_version}
            </dd>
          </dl>
        </section>
        <section class="panel" aria-labelledby="flags">
          <h2 id="flags">Flags</h2>
          <FlagList flags={evaluation.flags} />
          <p class="hint">A flag is about conduct, process or system; never about the patient.</p>
        </section>
        <Receipt receipt={evaluation.receipt} />
        <section class="panel wide" aria-labelledby="criteria">
          <h2 id="criteria">Criteria</h2>
          {evaluation.criteria.length === 0 ? (
            <p>No criteria: this call was not analysed.</p>
          ) : (
            <CriteriaTable criteria={evaluation.criteria} />
          )}
          <p class="hint">
            Evidence says how often and roughly when, in stretches of ten seconds. The words themselves were never stored.
          </p>
        </section>
      </div>
    </>
  );
}

function Receipt({ receipt }: { readonly receipt: PurgeReceipt }) {
  return (
    <section class="panel receipt" aria-labelledby="receipt">
      <h2 id="receipt">Purge receipt</h2>
      <p class={receipt.complete ? "complete" : "incomplete"}>
        <Icon name={receipt.complete ? "tick" : "warning"} />
        {receipt.complete ? "Every frame that came in was wiped" : "Purge not confirmed for every frame"}
      </p>
      <dl>
        <dt>Frames in</dt>
        <dd>{count(receipt.frames_in)}</dd>
        <dt>Frames wiped</dt>
        <dd>{count(receipt.frames_wiped)}</dd>
        <dt>Bytes in</dt>
        <dd>{count(receipt.bytes_in)}</dd>
        <dt>Oldest sample held</dt>
        <dd>{age(receipt.oldest_sample_ms)}</dd>
        <dt>Wiped at</dt>
        <dd>{second(receipt.wiped_at)}</dd>
      </dl>
    </section>
  );
}
