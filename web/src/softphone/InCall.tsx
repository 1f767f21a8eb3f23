import { useEffect, useRef } from "preact/hooks";
import { clock } from "../shared/format";
import { Icon } from "../shared/ui/icons";
import { Message } from "../shared/ui/message";
import { useSeconds } from "../shared/ui/seconds";
import type { Call, State } from "./call";
import { Captions } from "./Captions";
import { ChecklistPanel } from "./ChecklistPanel";
import { CueSlot } from "./CueSlot";
import type { Desk } from "./desk";
import { ListeningPanel } from "./ListeningPanel";
import { PipelineView } from "./PipelineView";
import { keyLabel, keyShortcut } from "./shortcuts";
import { cueStateOf } from "./words";

interface Props {
  readonly desk: Desk;
  readonly call: Call;
}

export function InCall({ desk, call, state }: Props & { readonly state: State }) {
  return (
    <div class="in-call">
      <div class="side">
        <CallPanel desk={desk} call={call} waiting={state.rings.length} />
        <Notices call={call} />
        <ListeningPanel desk={desk} call={call} />
        <PipelineView call={call} />
      </div>
      <CueSlot desk={desk} call={call} />
      <ChecklistPanel items={call.checklist} ticks={call.ticks} />
      <Captions desk={desk} on={state.captionsOn} captions={call.captions} declined={call.cueState === "declined" || call.cueState === "stopped"} />
    </div>
  );
}

function CallPanel({ desk, call, waiting }: Props & { readonly waiting: number }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // The answer button has just left the page and taken the focus with it: go on from here.
  useEffect(() => heading.current?.focus(), []);
  const busy = call.phase === "answering";
  const held = call.listening?.held === true;
  return (
    <section class="panel call" aria-labelledby="in-call">
      <h2 id="in-call" ref={heading} tabIndex={-1}>
        {call.phase === "connected" ? "In call" : "Connecting…"}
      </h2>
      <p class="call-line">{call.ring.line}</p>
      <Timer startedAt={call.startedAt} />
      <CueState call={call} />
      <div class="controls">
        <button
          type="button"
          class="control"
          aria-pressed={call.muted}
          aria-keyshortcuts={keyShortcut("mute")}
          disabled={busy}
          onClick={() => desk.toggleMute()}
        >
          <Icon name={call.muted ? "muted" : "microphone"} /> {call.muted ? "Muted" : "Mute"}
          <kbd aria-hidden="true">{keyLabel("mute")}</kbd>
        </button>
        <button
          type="button"
          class="control"
          aria-pressed={held}
          aria-keyshortcuts={keyShortcut("hold")}
          disabled={call.listening === null}
          onClick={() => desk.toggleHold()}
        >
          <Icon name="pause" /> {held ? "On hold" : "Hold"}
          <kbd aria-hidden="true">{keyLabel("hold")}</kbd>
        </button>
        <button
          type="button"
          class="control hang-up"
          aria-keyshortcuts={keyShortcut("hang_up")}
          disabled={busy}
          onClick={() => void desk.hangUp()}
        >
          <Icon name="hangUp" /> Hang up
          <kbd aria-hidden="true">{keyLabel("hang_up")}</kbd>
        </button>
      </div>
      {waiting > 0 && <p class="also-waiting">{waiting === 1 ? "1 more caller is waiting" : `${waiting} more callers are waiting`}</p>}
    </section>
  );
}

function Timer({ startedAt }: { readonly startedAt: number | null }) {
  useSeconds();
  return (
    <p class="timer" role="timer" aria-label="Call time">
      {clock(startedAt === null ? 0 : (performance.now() - startedAt) / 1000)}
    </p>
  );
}

function CueState({ call }: { readonly call: Call }) {
  return (
    <p class={`cue-state ${call.listening?.held === true ? "paused" : call.cueState}`}>
      <span class="dot" aria-hidden="true" />
      {cueStateOf(call).word}
    </p>
  );
}

function Notices({ call }: { readonly call: Call }) {
  if (call.link !== null && call.link !== "connected") {
    return (
      <Message tone="warning" title="Your connection to the call is interrupted">
        Connecting again, nothing for you to do. If it is not back within half a minute, the call ends; the caller can
        ring again.
      </Message>
    );
  }
  if (call.callerAway) {
    return (
      <Message tone="warning" title="The caller's connection is interrupted">
        Stay on the line: the call goes on when they are back. If they are not within half a minute, it ends.
      </Message>
    );
  }
  if (call.muted) {
    return <Message tone="info" title="You are muted: the caller cannot hear you" />;
  }
  if (call.notice === null) {
    return null;
  }
  return <Message tone={call.notice.severity} title={call.notice.text} />;
}
