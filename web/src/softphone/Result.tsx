import { useEffect, useRef, useState } from "preact/hooks";
import type { Contest, CriterionResult, Evaluation, Scorecard } from "../shared/contract";
import { clock, counted, notScored, percent } from "../shared/format";
import { contest, mayFail, outcomeOf, stepsOf } from "../shared/review";
import { CriteriaTable } from "../shared/ui/criteria";
import { FlagList } from "../shared/ui/flags";
import { Message } from "../shared/ui/message";
import { ContestForm, Steps } from "../shared/ui/review";
import { useSeconds } from "../shared/ui/seconds";
import type { Call } from "./call";
import type { Desk } from "./desk";
import { hasQuotes, quotesOf } from "./evidence";
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
  const scorecard = useRef<HTMLHeadingElement>(null);
  const gone = call.evidence === null;
  useEffect(() => {
    // The quotes may have taken the focus with them.
    if (gone && document.activeElement === document.body) {
      scorecard.current?.focus();
    }
  }, [gone]);
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
        <Unconfirmed call={call} />
        <button type="button" class="primary large" onClick={() => desk.clear()}>
          Ready for the next call
        </button>
        {waiting > 0 && <p class="also-waiting">{counted(waiting, "caller")} waiting</p>}
      </section>
      <section class="panel scorecard" aria-labelledby="scorecard">
        <h2 id="scorecard" ref={scorecard} tabIndex={-1}>
          Scorecard
        </h2>
        {call.scorecard === null ? <NoScorecard call={call} /> : <Card desk={desk} call={call} scorecard={call.scorecard} />}
      </section>
      <PipelineView call={call} />
    </div>
  );
}

/** Said plainly: the manager is told as well. */
function Unconfirmed({ call }: { readonly call: Call }) {
  const connected = call.startedAt !== null && call.listening !== null;
  if (call.receipt?.complete === true || call.phase !== "over" || !connected) {
    return null;
  }
  return (
    <Message tone="warning" title="The purge of this call is not confirmed">
      {call.receipt === null
        ? "No purge receipt reached this page. If none is stored either, your manager sees an alert."
        : "Part of its sound went to a process that stopped before it could say that it was wiped. Your manager sees an alert."}
    </Message>
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

interface CardProps {
  readonly desk: Desk;
  readonly call: Call;
  readonly scorecard: Scorecard;
}

function Card({ desk, call, scorecard }: CardProps) {
  const quoted = call.evidence !== null && hasQuotes(call.evidence);
  const [stored, setStored] = useState<Evaluation | null>(null);
  const onContest = async (criterion: string, reason: Contest["reason"]): Promise<void> => {
    const evaluation = stored ?? (await outcomeOf(call.id));
    setStored(evaluation);
    setStored(await contest(evaluation.id, { criterion, reason }));
  };
  const more = (one: CriterionResult) => (
    <>
      <Quotes call={call} criterion={one.criterion} />
      <Contesting stored={stored} one={one} onContest={(reason) => onContest(one.criterion, reason)} />
    </>
  );
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
            {percent(scorecard.coverage)} of the speech was understood.{" "}
            {!quoted && (
              <>
                <b>The words are gone</b>: what you see here is all that is kept.
              </>
            )}
          </p>
        )}
      </div>
      {quoted && <QuotesNotice desk={desk} until={call.forgetAt ?? 0} />}
      <FlagList flags={scorecard.flags} />
      <CriteriaTable criteria={scorecard.criteria} more={more} />
    </>
  );
}

const WARN_S = 20;

/** Says what the quotes are, and counts down. The page warns once, so that whoever needs longer can say so. */
function QuotesNotice({ desk, until }: { readonly desk: Desk; readonly until: number }) {
  useSeconds();
  const left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
  return (
    <section class="quotes-notice" aria-labelledby="quotes">
      <h3 id="quotes">Why: the words that decided each criterion</h3>
      <p>
        Only you see them, and only in this page. They are stored nowhere, and gone in{" "}
        <span role="timer" class="left">
          {left} s
        </span>
        , or when you leave this page.
      </p>
      <div class="row">
        <button type="button" onClick={() => desk.forgetWords()}>
          Forget them now
        </button>
        <button type="button" class="quiet" onClick={() => desk.rememberLonger()}>
          One more minute
        </button>
      </div>
      <p class="unseen" role="status">
        {left <= WARN_S && `The quoted words are gone in ${WARN_S} seconds, unless you take one more minute.`}
      </p>
    </section>
  );
}

function Quotes({ call, criterion }: { readonly call: Call; readonly criterion: string }) {
  const quotes = call.evidence === null ? [] : quotesOf(call.evidence, criterion);
  return (
    <>
      {quotes.map((quote) => (
        <blockquote key={quote.text}>
          <strong>{quote.leg === "agent" ? "You" : "Caller"}</strong> “{quote.text}”
        </blockquote>
      ))}
    </>
  );
}

interface ContestingProps {
  readonly stored: Evaluation | null;
  readonly one: CriterionResult;
  readonly onContest: (reason: Contest["reason"]) => Promise<void>;
}

function Contesting({ stored, one, onContest }: ContestingProps) {
  const steps = stored === null ? [] : stepsOf(stored, one.criterion);
  return (
    <>
      {mayFail(one, steps) && <p>May fail the whole call. A person decides that, not this system.</p>}
      <Steps steps={steps} />
      {steps.length === 0 && one.state !== "open" && <ContestForm label={one.label} onContest={onContest} />}
    </>
  );
}
