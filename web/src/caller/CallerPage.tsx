import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Listening } from "../shared/contract";
import { clock, timeOfDay } from "../shared/format";
import { useStore } from "../shared/store";
import { Icon } from "../shared/ui/icons";
import { Message } from "../shared/ui/message";
import { useSeconds } from "../shared/ui/seconds";
import { inCall, type State } from "./call";
import type { Telephone } from "./telephone";
import { emergency, ENDED, MICROPHONE, stoppedSince, WORDS } from "./words";

interface Props {
  readonly telephone: Telephone;
  readonly state: State;
}

export function CallerPage({ telephone }: { readonly telephone: Telephone }) {
  const state = useStore(telephone.store);
  return (
    <main class="caller" id="main">
      {state.line !== null && (
        <header>
          <h1>{state.line.practice}</h1>
          <p class="line">{state.line.line}</p>
        </header>
      )}
      <Now telephone={telephone} state={state} />
      {state.line !== null && <Emergency number={state.line.emergency_number} />}
    </main>
  );
}

function Now({ telephone, state }: Props) {
  if (state.phase === "loading") {
    return <p role="status">{WORDS.loading}</p>;
  }
  if (state.phase === "no_line") {
    return <NoLine telephone={telephone} state={state} />;
  }
  if (inCall(state)) {
    return <InCall telephone={telephone} state={state} />;
  }
  return state.phase === "over" ? <Over telephone={telephone} state={state} /> : <Notice telephone={telephone} state={state} />;
}

function Emergency({ number }: { readonly number: string }) {
  return (
    <p class="emergency">
      <Icon name="warning" />
      <a href={`tel:${number}`}>{emergency(number)}</a>
    </p>
  );
}

function NoLine({ telephone, state }: Props) {
  return (
    <>
      <h1>{state.trouble?.title}</h1>
      <p class="lead">{state.trouble?.detail}</p>
      <button type="button" class="large" onClick={() => void telephone.open()}>
        {WORDS.try_again}
      </button>
      <Emergency number="999" />
    </>
  );
}

function Notice({ telephone, state }: Props) {
  const trouble = state.microphone === null ? state.trouble : MICROPHONE[state.microphone];
  return (
    <>
      {trouble !== null && (
        <Message tone="error" title={trouble.title}>
          {trouble.detail}
        </Message>
      )}
      {state.line?.open === false ? (
        <Closed telephone={telephone} />
      ) : (
        <>
          <section class="notice" aria-labelledby="before">
            <h2 id="before">{WORDS.before}</h2>
            <ul>
              {WORDS.notice.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          </section>
          <div class="choices">
            <button type="button" class="answer large" onClick={() => void telephone.place(true)}>
              <Icon name="phone" /> {WORDS.call}
            </button>
            <button type="button" class="large" aria-describedby="without" onClick={() => void telephone.place(false)}>
              {WORDS.without_analysis}
            </button>
            <p id="without" class="hint">
              {WORDS.without_explained}
            </p>
          </div>
          <p class="hint">{WORDS.microphone_next}</p>
        </>
      )}
    </>
  );
}

function Closed({ telephone }: { readonly telephone: Telephone }) {
  return (
    <>
      <Message tone="warning" title={WORDS.closed} />
      <button type="button" class="large" onClick={() => void telephone.open()}>
        {WORDS.try_again}
      </button>
    </>
  );
}

/** Takes the focus when it appears: the button that led here is gone. */
function Heading({ children }: { readonly children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <h2 ref={heading} tabIndex={-1} class="state">
      {children}
    </h2>
  );
}

const HEADINGS = { placing: WORDS.placing, ringing: WORDS.ringing, connected: WORDS.connected } as const;

function InCall({ telephone, state }: Props) {
  const phase = state.phase === "ringing" || state.phase === "connected" ? state.phase : "placing";
  return (
    <section class={`now ${phase}`}>
      <Heading>{HEADINGS[phase]}</Heading>
      <p class="unseen" role="status">
        {HEADINGS[phase]}
      </p>
      {phase === "connected" ? <Timer startedAt={state.startedAt} /> : <p>{WORDS.ringing_detail}</p>}
      {state.link !== null && state.link !== "connected" && <Message tone="warning" title={WORDS.weak} />}
      {state.otherAway && <Message tone="warning" title={WORDS.other_away} />}
      {state.listening?.held === true && (
        <Message tone="info" title={WORDS.held}>
          {WORDS.held_detail}
        </Message>
      )}
      {state.muted && <Message tone="info" title={WORDS.muted_detail} />}
      <div class="controls">
        <button type="button" class="large" aria-pressed={state.muted} disabled={phase === "placing"} onClick={() => telephone.toggleMute()}>
          <Icon name={state.muted ? "muted" : "microphone"} /> {state.muted ? WORDS.muted : WORDS.mute}
        </button>
        <button type="button" class="hang-up large" onClick={() => telephone.hangUp()}>
          <Icon name="hangUp" /> {WORDS.hang_up}
        </button>
      </div>
      {phase === "connected" && <Listened telephone={telephone} state={state} />}
    </section>
  );
}

/** Whether a computer listens, and the way to end that: for the whole of the call in the same place. */
function Listened({ telephone, state }: Props) {
  if (state.listening?.state === "stopped") {
    return <Stopped listening={state.listening} />;
  }
  if (!state.analyse || state.listening?.state === "declined") {
    return <p class="hint">{WORDS.not_analysed}</p>;
  }
  return (
    <div class="choices">
      <p class="hint">{state.listening?.held === true ? WORDS.not_now : WORDS.analysed}</p>
      {state.stopping ? (
        <p role="status">{WORDS.stopping}</p>
      ) : (
        <button type="button" class="large" aria-describedby="stop-explained" onClick={() => telephone.stopListening()}>
          <Icon name="deaf" /> {WORDS.stop_listening}
        </button>
      )}
      <p id="stop-explained" class="hint">
        {WORDS.stop_explained}
      </p>
    </div>
  );
}

/** The button that led here is gone, so the focus comes along. */
function Stopped({ listening }: { readonly listening: Listening }) {
  const here = useRef<HTMLDivElement>(null);
  const mine = listening.by === "patient";
  useEffect(() => {
    if (mine) {
      here.current?.focus();
    }
  }, [mine]);
  return (
    <div ref={here} tabIndex={-1} class="stopped">
      <Message tone="info" title={stoppedSince(timeOfDay(listening.since))}>
        {mine ? WORDS.stopped_by_you : WORDS.stopped_by_reception}
      </Message>
    </div>
  );
}

function Timer({ startedAt }: { readonly startedAt: number | null }) {
  useSeconds();
  return (
    <p class="timer" role="timer" aria-label={WORDS.time}>
      {clock(startedAt === null ? 0 : (performance.now() - startedAt) / 1000)}
    </p>
  );
}

function Over({ telephone, state }: Props) {
  return (
    <section class="now over">
      <Heading>{WORDS.over}</Heading>
      <p>{ENDED[state.endedBy ?? "server"]}</p>
      {state.listening?.state === "stopped" && <p class="hint">{WORDS.stopped_over}</p>}
      <p class="hint">{WORDS.close}</p>
      <button type="button" class="large" onClick={() => telephone.again()}>
        {WORDS.again}
      </button>
    </section>
  );
}
