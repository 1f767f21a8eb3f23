import { useEffect, useRef } from "preact/hooks";
import type { Scorecard } from "../shared/contract";
import { clock, counted, notScored, percent } from "../shared/format";
import { CriteriaTable } from "../shared/ui/criteria";
import { FlagList } from "../shared/ui/flags";
import { Message } from "../shared/ui/message";
import type { Call } from "./call";
import type { Desk } from "./desk";
import { PipelineView } from "./PipelineView";
import { ENDED } from "./words";

interface Props {
  readonly desk: Desk;
  readonly call: Call;
  readonly waiting: number;
}

/** After the call: what is kept of it, in full. */
export function Result({ desk, call, waiting }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const seconds = call.startedAt === null || call.endedAt === null ? 0 : (call.endedAt - call.startedAt) / 1000;
  return (
    <div class="result">
      <section class="panel ended" aria-labelledby="ended">
        <h2 id="ended" ref={heading} tabIndex={-1}>
          Call ended
        </h2>
        <p>
          {call.endedBy === null ? "The call ended" : ENDED[call.endedBy]} after {clock(seconds)}.
        </p>
        {call.endedBy === "connection" && (
          <Message tone="error" title="The connection to the call was lost">
            Check the network cable or Wi-Fi. The caller can ring again with the same link.
          </Message>
        )}
        <button type="button" class="primary large" onClick={() => desk.clear()}>
          Ready for the next call
        </button>
        {waiting > 0 && <p class="also-waiting">{counted(waiting, "caller")} waiting</p>}
      </section>
      <section class="panel scorecard" aria-labelledby="scorecard">
        <h2 id="scorecard">Scorecard</h2>
        {call.scorecard === null ? <NoScorecard call={call} /> : <Card scorecard={call.scorecard} />}
      </section>
      <PipelineView call={call} />
    </div>
  );
}

function NoScorecard({ call }: { readonly call: Call }) {
  if (call.phase === "wrapping") {
    return <p role="status">Scoring. The words are wiped as soon as it is done…</p>;
  }
  if (call.cueState === "declined") {
    return <p>The patient chose no analysis, so this call has no score.</p>;
  }
  return (
    <p>
      The scorecard did not reach this page. Once stored, it is under <a href="/portal">Scores</a>.
    </p>
  );
}

function Card({ scorecard }: { readonly scorecard: Scorecard }) {
  return (
    <>
      <div class="score">
        {scorecard.total === null ? (
          <p class="total none">{notScored(scorecard.reason)}</p>
        ) : (
          <p class="total">
            <strong>{scorecard.total}</strong> of 100
          </p>
        )}
        {scorecard.criteria.length === 0 ? (
          <p>Nothing was judged, and nothing that was said is kept.</p>
        ) : (
          <p>
            {percent(scorecard.coverage)} of the speech was understood. <b>The words are gone</b>: what you see here is
            all that is kept.
          </p>
        )}
      </div>
      <FlagList flags={scorecard.flags} />
      <CriteriaTable criteria={scorecard.criteria} />
    </>
  );
}
