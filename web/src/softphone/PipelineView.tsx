import type { ComponentChildren } from "preact";
import { age, clock, count, counted } from "../shared/format";
import { ReceiptFigures, ReceiptState } from "../shared/ui/receipt";
import { type Call, purged, valuesKept } from "./call";

const FRAME_S = 0.02;

/** Where the sound of this call is right now, in four steps with real figures. */
export function PipelineView({ call }: { readonly call: Call }) {
  const { pipeline } = call;
  const talking = call.endedAt === null;
  const figures = pipeline ?? { stage: "live", buffered_ms: 0, oldest_sample_ms: 0, frames_in: 0, frames_wiped: 0 };
  const declined = call.cueState === "declined";
  const unheard = declined || call.cueState === "stopped" || call.listening?.held === true;
  const flowing = talking && pipeline !== null && !unheard;
  const heard = flowing ? "active" : !talking && figures.frames_in > 0 ? "done" : "idle";
  return (
    <section class="panel pipeline" aria-labelledby="pipeline">
      <h2 id="pipeline">Where the sound is</h2>
      {declined && <p class="hint">The patient chose no analysis: the sound passes through and is not listened to.</p>}
      <ol>
        <Step name="Live audio" state={heard} figure={`${age(figures.buffered_ms)} buffered`}>
          {talking ? `Oldest sample is ${age(figures.oldest_sample_ms)} old` : ended(call)}
        </Step>
        <Step name="Analyse" state={talking && call.cueState !== "live" ? "idle" : heard} figure={`${count(figures.frames_in)} frames in`}>
          {analysing(call, figures.frames_in)}
        </Step>
        <Step name="Keep result" state={kept(call)} figure={`${counted(valuesKept(call.scorecard), "value")} kept`}>
          {call.scorecard === null ? "Nothing is kept while you talk" : "The scorecard; no sound, no words"}
        </Step>
        <Step name="Purge" state={purged(call) && !talking ? "done" : flowing || call.phase === "wrapping" ? "active" : "idle"} figure={`${count(figures.frames_wiped)} of ${count(figures.frames_in)} frames wiped`}>
          <progress value={figures.frames_wiped} max={Math.max(1, figures.frames_in)} aria-label="Frames wiped" />
          {call.receipt === null ? purging(call) : <ReceiptState receipt={call.receipt} />}
        </Step>
      </ol>
      {call.receipt !== null && (
        <details class="receipt">
          <summary>Purge receipt</summary>
          <ReceiptFigures receipt={call.receipt} />
        </details>
      )}
    </section>
  );
}

function ended(call: Call): string {
  return call.receipt === null
    ? `The oldest sample seen was ${age(call.oldestSeenMs)} old`
    : `No sample lived longer than ${age(call.receipt.oldest_sample_ms)}`;
}

function kept(call: Call): "idle" | "active" | "done" {
  if (call.scorecard !== null) {
    return "done";
  }
  return call.phase === "wrapping" ? "active" : "idle";
}

function analysing(call: Call, framesIn: number): string {
  if (call.cueState === "paused") {
    return "Paused";
  }
  if (call.listening?.held === true) {
    return "Paused: on hold";
  }
  if (call.cueState === "stopped") {
    return "Stopped: nothing is listened to";
  }
  if (call.listening?.state === "paused") {
    return "Your side only: card number";
  }
  if (call.cueState === "declined") {
    return "Not listened to";
  }
  return `${clock(framesIn * FRAME_S)} of sound heard, both sides`;
}

function purging(call: Call): string {
  if (purged(call)) {
    return "Everything that came in is wiped";
  }
  if (call.cueState === "declined") {
    return "Nothing to wipe";
  }
  if (call.phase === "over") {
    return "Purge not confirmed on this page";
  }
  if (call.cueState === "stopped") {
    return "Dropped as it comes, unheard";
  }
  return call.phase === "wrapping" ? "Wiping what is left" : "Wiped as soon as it was analysed";
}

interface StepProps {
  readonly name: string;
  readonly state: "idle" | "active" | "done";
  readonly figure: string;
  readonly children: ComponentChildren;
}

function Step({ name, state, figure, children }: StepProps) {
  return (
    <li class={state}>
      <h3>{name}</h3>
      <p class="figure">{figure}</p>
      <p class="explained">{children}</p>
    </li>
  );
}
