// The agent's desk as a state machine: what is true, and how each event changes it. No JSX, no I/O, no clock.

import type {
  AgentCallState,
  AgentSocketOut,
  Caption,
  ChannelMessage,
  Checklist,
  ChecklistItem,
  CurrentCall,
  Listening,
  Notice,
  Pipeline,
  PurgeReceipt,
  Ring,
  Scorecard,
} from "../shared/contract";
import type { MicrophoneFailure } from "../shared/devices";
import type { Link } from "../shared/peer";
import type { SocketState } from "../shared/socket";
import { answered, arrived, type CueAnswer, type CueDesk, EMPTY_DESK, holding, reopened, ticked } from "./cues";
import { captioned, type Evidence, MOST_MS, named, NO_EVIDENCE, QUOTES_MS, settled } from "./evidence";

export type Microphone =
  | { readonly status: "untested" | "asking" | "ready" }
  | { readonly status: "failed"; readonly failure: MicrophoneFailure };

export type EndedBy = AgentCallState["by"] | "connection";
export type CallPhase = "answering" | "connecting" | "connected" | "wrapping" | "over";
export type CueState = "starting" | "live" | "paused" | "declined" | "stopped";

export interface Call {
  readonly id: string;
  /** As it rang, to ring again if answering fails. */
  readonly ring: Ring;
  readonly phase: CallPhase;
  /** Milliseconds of performance.now(). */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly endedBy: EndedBy;
  readonly muted: boolean;
  /** Anything but connected: the page is building a new connection, or about to. */
  readonly link: Link | null;
  /** The caller's connection was lost, and is waited for. */
  readonly callerAway: boolean;
  readonly cueState: CueState;
  /** The last thing the system had to say, in its words. */
  readonly notice: Notice | null;
  readonly playbook: string | null;
  readonly checklist: readonly ChecklistItem[];
  /** By criterion; apart from the list because the channel is unordered and a tick may overtake the hello. */
  readonly ticks: Readonly<Record<string, Checklist["state"]>>;
  readonly cues: CueDesk;
  readonly captions: readonly Caption[];
  /** Null once forgotten. */
  readonly evidence: Evidence | null;
  /** When it will be, once the call has ended. */
  readonly forgetAt: number | null;
  readonly pipeline: Pipeline | null;
  /** The highest age of a sample in any pipeline message of this call; the receipt has the exact figure. */
  readonly oldestSeenMs: number;
  readonly scorecard: Scorecard | null;
  /** As media does it; null until it has said so. */
  readonly listening: Listening | null;
  /** The agent asked for it, and media has not confirmed it yet. */
  readonly stopping: boolean;
  readonly receipt: PurgeReceipt | null;
}

export interface Message {
  readonly tone: "info" | "warning" | "error";
  readonly title: string;
  readonly detail: string;
}

export interface State {
  readonly microphone: Microphone;
  readonly socket: SocketState;
  /** What the person asked for, and what the server has confirmed. */
  readonly wanted: boolean;
  readonly available: boolean;
  readonly rings: readonly Ring[];
  readonly captionsOn: boolean;
  readonly call: Call | null;
  /** A call this agent is in that no window of theirs may be showing. */
  readonly returnable: CurrentCall | null;
  readonly message: Message | null;
}

export type Event =
  | { readonly type: "microphone"; readonly microphone: Microphone }
  | { readonly type: "socket"; readonly state: SocketState }
  | { readonly type: "signalled"; readonly message: AgentSocketOut; readonly now: number }
  | { readonly type: "wanted"; readonly value: boolean }
  | { readonly type: "captions"; readonly on: boolean }
  | { readonly type: "answering"; readonly ring: Ring }
  | { readonly type: "answer_failed"; readonly message: Message; readonly gone: boolean }
  | { readonly type: "answered" }
  | { readonly type: "returnable"; readonly current: CurrentCall | null }
  | { readonly type: "returning"; readonly current: CurrentCall; readonly muted: boolean; readonly startedAt: number }
  | { readonly type: "moved"; readonly current: CurrentCall }
  | { readonly type: "link"; readonly link: Link; readonly now: number }
  | { readonly type: "channel"; readonly message: ChannelMessage; readonly now: number }
  | { readonly type: "muted"; readonly muted: boolean }
  | { readonly type: "stopping" }
  | { readonly type: "ended"; readonly by: EndedBy; readonly now: number }
  | { readonly type: "wrapped" }
  | { readonly type: "cleared" }
  | { readonly type: "cue_answered"; readonly id: string; readonly answer: CueAnswer; readonly now: number }
  | { readonly type: "cue_held"; readonly held: boolean; readonly now: number }
  | { readonly type: "cue_reopened"; readonly id: string; readonly now: number }
  | { readonly type: "remembered_longer"; readonly now: number }
  | { readonly type: "forgotten" }
  | { readonly type: "tick"; readonly now: number }
  | { readonly type: "message"; readonly message: Message | null };

export const INITIAL: State = {
  microphone: { status: "untested" },
  socket: "connecting",
  wanted: false,
  available: false,
  rings: [],
  captionsOn: false,
  call: null,
  returnable: null,
  message: null,
};

/** Captions kept in this page's memory: about five minutes of talk; older ones are forgotten during the call. */
export const MAX_CAPTIONS = 120;

/** One word for the whole page, on the root element as data-call-state. */
export function pageState(state: State): CallPhase | "ringing" | "available" | "away" {
  if (state.call !== null) {
    return state.call.phase;
  }
  if (state.rings.length > 0) {
    return "ringing";
  }
  return state.available ? "available" : "away";
}

export function reduce(state: State, event: Event): State {
  switch (event.type) {
    case "microphone":
      return { ...state, microphone: event.microphone };
    case "socket":
      // Rings may be answered elsewhere while we are away; the server tells them again when we are back.
      return event.state === "open"
        ? { ...state, socket: "open" }
        : { ...state, socket: event.state, available: false, rings: [] };
    case "signalled":
      return signalled(state, event.message, event.now);
    case "wanted":
      return { ...state, wanted: event.value, rings: event.value ? state.rings : [], message: null };
    case "captions":
      return { ...withCall(state, (call) => ({ ...call, captions: [] })), captionsOn: event.on };
    case "answering":
      return {
        ...state,
        rings: state.rings.filter((ring) => ring.call_id !== event.ring.call_id),
        call: newCall(event.ring),
        message: null,
      };
    case "returnable":
      return state.call === null ? { ...state, returnable: event.current } : state;
    case "returning":
      return { ...state, call: returning(event.current, event.muted, event.startedAt), returnable: null, message: null };
    case "moved":
      return { ...state, call: null, returnable: event.current };
    case "answer_failed":
      return answerFailed(state, event.message, event.gone);
    case "message":
      return { ...state, message: event.message };
    case "cleared":
      return { ...state, call: null, message: null };
    default:
      return withCall(state, (call) => duringCall(call, event, state.captionsOn));
  }
}

function withCall(state: State, change: (call: Call) => Call): State {
  if (state.call === null) {
    return state;
  }
  const call = change(state.call);
  return call === state.call ? state : { ...state, call };
}

function newCall(ring: Ring): Call {
  return {
    id: ring.call_id,
    ring,
    phase: "answering",
    startedAt: null,
    endedAt: null,
    endedBy: null,
    muted: false,
    link: null,
    callerAway: false,
    cueState: "starting",
    notice: null,
    playbook: null,
    checklist: [],
    ticks: {},
    cues: EMPTY_DESK,
    captions: [],
    evidence: NO_EVIDENCE,
    forgetAt: null,
    pipeline: null,
    oldestSeenMs: 0,
    scorecard: null,
    listening: null,
    stopping: false,
    receipt: null,
  };
}

/** The page was reloaded: who is in the call is known, the rest comes over the new connection. */
function returning(current: CurrentCall, muted: boolean, startedAt: number): Call {
  const ring: Ring = { type: "ring", call_id: current.call_id, line: current.line, since: current.since };
  return { ...newCall(ring), phase: "connecting", link: "weak", muted, startedAt };
}

function answerFailed(state: State, message: Message, gone: boolean): State {
  const { call } = state;
  if (call === null || call.phase !== "answering") {
    return state;
  }
  // The caller is still waiting unless the server said otherwise: the ring comes back.
  return { ...state, call: null, rings: gone ? state.rings : [call.ring, ...state.rings], message };
}

function signalled(state: State, message: AgentSocketOut, now: number): State {
  switch (message.type) {
    case "presence":
      return { ...state, available: message.available, rings: message.available ? state.rings : [] };
    case "ring": {
      const known = state.call?.id === message.call_id || state.rings.some((ring) => ring.call_id === message.call_id);
      return known ? state : { ...state, rings: [...state.rings, message] };
    }
    case "ring_stopped":
      return { ...state, rings: state.rings.filter((ring) => ring.call_id !== message.call_id) };
    case "call_state":
      return told(state, message, now);
    case "help_wanted": {
      const title = `${message.agent} may need you`;
      const detail = `A ${message.lane} card has come up in their call (${message.line}).`;
      return { ...state, message: { tone: message.lane === "safety" ? "error" : "warning", title, detail } };
    }
    default:
      return state;
  }
}

function told(state: State, message: AgentCallState, now: number): State {
  if (message.state === "ended" && state.returnable?.call_id === message.call_id) {
    return { ...state, returnable: null };
  }
  if (state.call?.id !== message.call_id) {
    return state;
  }
  return withCall(state, (call) =>
    message.state === "ended" ? ended(call, message.by, now) : { ...call, callerAway: message.state === "interrupted" },
  );
}

type CallEvent = Exclude<
  Event,
  {
    type:
      | "microphone"
      | "socket"
      | "signalled"
      | "wanted"
      | "captions"
      | "answering"
      | "answer_failed"
      | "returnable"
      | "returning"
      | "moved"
      | "message"
      | "cleared";
  }
>;

function duringCall(call: Call, event: CallEvent, captionsOn: boolean): Call {
  switch (event.type) {
    case "answered":
      return call.phase === "answering" ? { ...call, phase: "connecting" } : call;
    case "link":
      return linkChanged(call, event.link, event.now);
    case "channel":
      return heard(call, event.message, captionsOn, event.now);
    case "muted":
      return { ...call, muted: event.muted };
    case "stopping":
      return { ...call, stopping: call.listening?.state !== "stopped" };
    case "ended":
      return ended(call, event.by, event.now);
    case "wrapped":
      return call.phase === "wrapping" ? { ...call, phase: "over", evidence: call.evidence && settled(call.evidence) } : call;
    case "cue_answered":
      return withCues(call, answered(call.cues, event.id, event.answer, event.now));
    case "cue_held":
      return withCues(call, holding(call.cues, event.held, event.now));
    case "cue_reopened":
      return withCues(call, reopened(call.cues, event.id, event.now));
    case "remembered_longer":
      return call.endedAt === null ? call : { ...call, forgetAt: Math.min(event.now + QUOTES_MS, call.endedAt + MOST_MS) };
    case "forgotten":
      return { ...call, evidence: null };
    case "tick":
      return passed(call, event.now);
  }
}

function withCues(call: Call, cues: CueDesk): Call {
  return cues === call.cues ? call : { ...call, cues };
}

function passed(call: Call, now: number): Call {
  if (talking(call)) {
    return withCues(call, ticked(call.cues, call.pipeline?.stage === "live", now));
  }
  const due = call.forgetAt !== null && now >= call.forgetAt && call.evidence !== null;
  return due ? { ...call, evidence: null } : call;
}

function talking(call: Call): boolean {
  return call.phase === "connecting" || call.phase === "connected";
}

function linkChanged(call: Call, link: Link, now: number): Call {
  if (!talking(call) && call.phase !== "answering") {
    return call;
  }
  const connected = link === "connected";
  return {
    ...call,
    link,
    phase: connected ? "connected" : call.phase,
    startedAt: connected ? (call.startedAt ?? now) : call.startedAt,
  };
}

/** Captions and cards go the moment the call ends. The scorecard is still to come, and its last words with it. */
function ended(call: Call, by: EndedBy, now: number): Call {
  if (call.phase === "wrapping" || call.phase === "over") {
    return call.endedBy === null ? { ...call, endedBy: by } : call;
  }
  const after = { ...call, phase: "wrapping", endedAt: now, endedBy: by, forgetAt: now + QUOTES_MS } as const;
  return { ...after, captions: [], cues: EMPTY_DESK, muted: false };
}

function heard(call: Call, message: ChannelMessage, captionsOn: boolean, now: number): Call {
  switch (message.type) {
    case "hello":
      return {
        ...call,
        playbook: message.playbook,
        cueState: message.analysed || call.cueState === "stopped" ? call.cueState : "declined",
        checklist: message.checklist,
      };
    case "cue":
      return talking(call) ? withCues(call, arrived(call.cues, message, now)) : call;
    case "caption":
      return said(call, message, captionsOn);
    case "checklist":
      return {
        ...call,
        ticks: { ...call.ticks, [message.criterion]: message.state },
        evidence: call.evidence && named(call.evidence, message.criterion, message.utterances),
      };
    case "pipeline":
      return flowed(call, message);
    case "scorecard":
      // The score comes only after the end; over its own path, the news of who ended it may still be on its way.
      return { ...(talking(call) ? ended(call, null, now) : call), scorecard: message };
    case "notice":
      return noticed(call, message);
    case "listening":
      return listened(call, message);
    case "purged":
      return { ...call, receipt: message.receipt };
  }
}

/** When nothing is listened to any more, no word that was heard stays on this page. Cards do: their words are ours. */
function listened(call: Call, listening: Listening): Call {
  if (call.listening !== null && listening.number < call.listening.number) {
    return call;
  }
  return listening.state === "stopped"
    ? { ...call, listening, cueState: "stopped", stopping: false, notice: null, captions: [], evidence: null }
    : { ...call, listening };
}

function said(call: Call, caption: Caption, captionsOn: boolean): Call {
  if (call.phase === "over" || call.cueState === "stopped") {
    return call;
  }
  const captions = captionsOn && talking(call) ? withCaption(call.captions, caption) : call.captions;
  return { ...call, captions, evidence: call.evidence && captioned(call.evidence, caption) };
}

const STAGES = ["live", "analyse", "keep", "purge"] as const;

function flowed(call: Call, pipeline: Pipeline): Call {
  const before = call.pipeline;
  const older =
    before !== null &&
    (pipeline.frames_in < before.frames_in || STAGES.indexOf(pipeline.stage) < STAGES.indexOf(before.stage)) &&
    !talking(call);
  return older ? call : { ...call, pipeline, oldestSeenMs: Math.max(call.oldestSeenMs, pipeline.oldest_sample_ms) };
}

function withCaption(captions: readonly Caption[], caption: Caption): readonly Caption[] {
  const known = captions.findIndex((other) => other.id === caption.id);
  if (known === -1) {
    return [...captions, caption].toSorted((one, other) => one.start - other.start).slice(-MAX_CAPTIONS);
  }
  // Unordered channel: a partial that comes after the final of the same id is old news.
  return captions[known]?.final === true ? captions : captions.with(known, caption);
}

function noticed(call: Call, notice: Notice): Call {
  if (call.cueState === "stopped" && notice.code.startsWith("cues_")) {
    return call;
  }
  switch (notice.code) {
    case "cues_live":
      return { ...call, cueState: "live", notice: notice.severity === "info" ? null : notice };
    case "cues_paused":
      return { ...call, cueState: "paused", notice };
    case "connection_lost":
      return { ...call, callerAway: true };
    case "connection_restored":
      return { ...call, callerAway: false };
    case "patient_not_analysed":
      return { ...call, cueState: "declined", notice: null };
    default:
      return { ...call, notice };
  }
}

/** How many values of the result are kept: every leaf of the scorecard, none of them words of the call. */
export function valuesKept(scorecard: Scorecard | null): number {
  const leaves = (value: unknown): number =>
    typeof value === "object" && value !== null
      ? Object.values(value).reduce<number>((sum, part) => sum + leaves(part), 0)
      : Number(value !== null);
  return scorecard === null ? 0 : leaves({ ...scorecard, type: null });
}

export function purged(call: Call): boolean {
  const { pipeline, receipt } = call;
  if (receipt !== null) {
    return receipt.complete;
  }
  return pipeline !== null && pipeline.stage === "purge" && pipeline.frames_wiped >= pipeline.frames_in;
}

const CHANNEL_TYPES = new Set<ChannelMessage["type"]>([
  "hello",
  "caption",
  "cue",
  "checklist",
  "pipeline",
  "listening",
  "scorecard",
  "notice",
  "purged",
]);

/** One message of the data channel, or null for what this page does not know: a newer server may say more. */
export function parseChannel(text: string): ChannelMessage | null {
  try {
    const message = JSON.parse(text) as { type?: ChannelMessage["type"] } | null;
    return message?.type !== undefined && CHANNEL_TYPES.has(message.type) ? (message as ChannelMessage) : null;
  } catch {
    return null;
  }
}
