// The caller's page as a state machine: what is true, and how each event changes it. No JSX, no I/O, no clock.

import type { CallerCallState, CallerSocketOut, Line, Listening } from "../shared/contract";
import type { MicrophoneFailure } from "../shared/devices";
import type { Link } from "../shared/peer";

export interface Trouble {
  readonly title: string;
  readonly detail: string;
}

export type EndedBy = CallerCallState["by"] | "connection";

/** `notice`: before the call. `placing`: microphone and signalling. `over`: it has been, or could not be. */
export type Phase = "loading" | "no_line" | "notice" | "placing" | "ringing" | "connected" | "over";

export interface State {
  readonly phase: Phase;
  readonly line: Line | null;
  readonly analyse: boolean;
  readonly muted: boolean;
  readonly link: Link | null;
  /** Reception's connection was lost, and is waited for. */
  readonly otherAway: boolean;
  /** As media does it; null until it has said so. */
  readonly listening: Listening | null;
  /** The caller asked for it to stop, and media has not confirmed it yet. */
  readonly stopping: boolean;
  /** Milliseconds of performance.now(). */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly endedBy: EndedBy;
  readonly microphone: MicrophoneFailure | null;
  readonly trouble: Trouble | null;
}

export type Event =
  | { readonly type: "line"; readonly line: Line }
  | { readonly type: "no_line"; readonly trouble: Trouble }
  | { readonly type: "placing"; readonly analyse: boolean }
  | { readonly type: "no_microphone"; readonly failure: MicrophoneFailure }
  | { readonly type: "not_placed"; readonly trouble: Trouble }
  | { readonly type: "ringing" }
  | { readonly type: "returning"; readonly analyse: boolean; readonly muted: boolean; readonly startedAt: number | null }
  | { readonly type: "signalled"; readonly message: CallerSocketOut; readonly now: number }
  | { readonly type: "link"; readonly link: Link }
  | { readonly type: "muted"; readonly muted: boolean }
  | { readonly type: "listening"; readonly listening: Listening }
  | { readonly type: "stopping" }
  | { readonly type: "ended"; readonly by: EndedBy; readonly now: number }
  | { readonly type: "again" };

export const INITIAL: State = {
  phase: "loading",
  line: null,
  analyse: true,
  muted: false,
  link: null,
  otherAway: false,
  listening: null,
  stopping: false,
  startedAt: null,
  endedAt: null,
  endedBy: null,
  microphone: null,
  trouble: null,
};

export function reduce(state: State, event: Event): State {
  switch (event.type) {
    case "line":
      return { ...INITIAL, phase: "notice", line: event.line };
    case "no_line":
      return { ...INITIAL, phase: "no_line", trouble: event.trouble };
    case "placing":
      return { ...INITIAL, phase: "placing", line: state.line, analyse: event.analyse };
    case "returning":
      return {
        ...INITIAL,
        phase: "placing",
        line: state.line,
        analyse: event.analyse,
        muted: event.muted,
        startedAt: event.startedAt,
        link: "weak",
      };
    case "no_microphone":
      return { ...state, phase: "notice", microphone: event.failure };
    case "not_placed":
      return placing(state) ? { ...state, phase: "notice", trouble: event.trouble } : state;
    case "ringing":
      return state.phase === "placing" ? { ...state, phase: "ringing" } : state;
    case "signalled":
      return signalled(state, event.message, event.now);
    case "link":
      return linkChanged(state, event.link);
    case "muted":
      return { ...state, muted: event.muted };
    case "listening":
      return listened(state, event.listening);
    case "stopping":
      return { ...state, stopping: inCall(state) && state.listening?.state !== "stopped" };
    case "ended":
      return ended(state, event.by, event.now);
    case "again":
      return { ...INITIAL, phase: "notice", line: state.line };
  }
}

export function inCall(state: State): boolean {
  return placing(state) || state.phase === "ringing" || state.phase === "connected";
}

function placing(state: State): boolean {
  return state.phase === "placing";
}

function signalled(state: State, message: CallerSocketOut, now: number): State {
  if (message.type !== "call_state" || !inCall(state)) {
    return state;
  }
  switch (message.state) {
    case "ringing":
      // Also after an answer that was taken back: the receptionist's browser could not connect.
      return { ...state, phase: state.phase === "placing" ? "placing" : "ringing", startedAt: null };
    case "answered":
      return { ...state, phase: "connected", startedAt: state.startedAt ?? now, otherAway: false };
    case "interrupted":
      return { ...state, otherAway: true };
    case "ended":
      return ended(state, message.by, now);
  }
}

function linkChanged(state: State, link: Link): State {
  if (!inCall(state)) {
    return state;
  }
  // Connected after a reload: the server's news says whether it rings still, but may come a moment later.
  const back = link === "connected" && placing(state);
  const phase = state.startedAt === null ? "ringing" : "connected";
  return { ...state, link, phase: back ? phase : state.phase };
}

function listened(state: State, listening: Listening): State {
  if (state.listening !== null && listening.number < state.listening.number) {
    return state;
  }
  return { ...state, listening, stopping: state.stopping && listening.state !== "stopped" };
}

/** What media tells the caller's page, or null for anything else. */
export function parseListening(text: string): Listening | null {
  try {
    const message = JSON.parse(text) as { type?: string } | null;
    return message?.type === "listening" ? (message as Listening) : null;
  } catch {
    return null;
  }
}

function ended(state: State, by: EndedBy, now: number): State {
  return inCall(state) ? { ...state, phase: "over", endedAt: now, endedBy: by } : state;
}
