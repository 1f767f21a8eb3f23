// What a screen reader is told when the desk changes. Plain text, short; never moves the focus.

import type { Listening } from "../shared/contract";
import type { State } from "./call";
import { LANES } from "./words";

function aboutListening(before: Listening | null, after: Listening | null): string | null {
  if (after === null || before === null) {
    return null;
  }
  if (after.held !== before.held) {
    return after.held ? "On hold" : "Talking again";
  }
  if (after.state === before.state) {
    return null;
  }
  return after.state === "stopped"
    ? `Nothing is listened to any more. ${after.by === "patient" ? "The caller" : "You"} stopped it.`
    : after.state === "paused"
      ? "Listening is paused: card number"
      : "Listening again";
}

export interface Announcement {
  readonly text: string;
  /** Interrupts what is being read. For safety cues only. */
  readonly urgent: boolean;
}

const LONGEST = 140;

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

export function announcement(before: State, after: State): Announcement | null {
  const cue = after.call?.cues.shown ?? null;
  if (cue !== null && cue.id !== before.call?.cues.shown?.id) {
    return { text: cut(`${LANES[cue.lane].word}: ${cue.title}. Say: ${cue.say}`), urgent: cue.lane === "safety" };
  }
  const text = aboutCall(before, after);
  return text === null ? null : { text, urgent: false };
}

function aboutCall(before: State, after: State): string | null {
  const [ring] = after.rings;
  if (after.call === null) {
    return ring !== undefined && ring.call_id !== before.rings[0]?.call_id ? `Incoming call on ${ring.line}` : null;
  }
  if (after.call.phase !== before.call?.phase) {
    return { answering: null, connecting: null, connected: "Connected", wrapping: "Call ended", over: "Scorecard" }[
      after.call.phase
    ];
  }
  if (after.call.muted !== before.call.muted) {
    return after.call.muted ? "Microphone muted" : "Microphone on";
  }
  if (after.captionsOn !== before.captionsOn) {
    return after.captionsOn ? "Captions on, not stored" : "Captions off";
  }
  const listening = aboutListening(before.call?.listening ?? null, after.call.listening);
  if (listening !== null) {
    return listening;
  }
  return after.call.cueState === "paused" && before.call.cueState !== "paused" ? "Cues paused" : null;
}
