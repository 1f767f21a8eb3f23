// Carries out what the agent does and what happens to them: signalling, the peer, the ring. Decides nothing that
// `call.ts` can decide.

import { asProblem, get, type Problem, post } from "../shared/api";
import { microphoneAllowed, MicrophoneError, onDevicesChanged, openMicrophone } from "../shared/devices";
import { Leg } from "../shared/leg";
import type { Link } from "../shared/peer";
import { Socket, type SocketState } from "../shared/socket";
import { Store } from "../shared/store";
import type { AgentSocketIn, AgentSocketOut, Answer, CurrentCall, IceServers, Me, Present, Ring } from "../shared/contract";
import { type Call, type Event, INITIAL, type Message, pageState, parseChannel, reduce, type State } from "./call";
import type { CueAnswer } from "./cues";
import { rememberCall, rememberedCall } from "./memory";
import { Ringer } from "./ringer";

const TICK_MS = 500;
/** After the call, the connection stays this long for the scorecard, and this much longer for the purge figures. */
const SCORECARD_MS = 5000;
const PURGE_MS = 1500;
/** When media closes our connection, news of the call's end may still be on its way over the other path. */
const CLOSED_MS = 1500;

const NO_LONGER_RINGING = new Set(["call-taken", "call-over", "unknown-call"]);

export class Desk {
  readonly store = new Store<State, Event>(INITIAL, reduce);
  readonly ringer = new Ringer();
  readonly #socket: Socket;
  #leg: Leg | null = null;
  #wrapUp: ReturnType<typeof setTimeout> | undefined;
  #waitingForPurge = false;
  #fatesTold = 0;
  #signedOut = false;
  microphoneId = "";
  speakerId = "";

  constructor(readonly onSignedOut: () => void) {
    this.#socket = new Socket("/ws/agent", {
      onMessage: (message) => this.#signalled(message as AgentSocketOut),
      onState: (state) => this.#socketChanged(state),
    });
    setInterval(() => this.#tick(), TICK_MS);
    onDevicesChanged(() => void this.#microphoneMayBeGone());
    addEventListener("beforeunload", (event) => {
      if (this.#leg !== null && this.store.state.call?.endedAt === null) {
        event.preventDefault();
      }
    });
    // A page that the browser keeps for its Back button would keep the words with it.
    addEventListener("pagehide", () => this.forgetWords());
    this.store.watch(() => this.#react());
  }

  /** Asks for the microphone (the browser may ask the person), lets it go again, and goes on duty. */
  async goAvailable(): Promise<void> {
    await this.ringer.tones.unlock();
    if (await this.checkMicrophone()) {
      await this.ringer.tones.playThrough(this.speakerId);
      this.setWanted(true);
    }
  }

  setWanted(value: boolean): void {
    this.#send({ type: "wanted", value });
    this.#tell({ type: "available", value });
  }

  async checkMicrophone(): Promise<boolean> {
    const stream = await this.openMicrophone();
    for (const track of stream?.getTracks() ?? []) {
      track.stop();
    }
    return stream !== null;
  }

  /** The caller stops the tracks. Null when it failed; the state then says why. */
  async openMicrophone(): Promise<MediaStream | null> {
    this.#send({ type: "microphone", microphone: { status: "asking" } });
    try {
      const stream = await openMicrophone(this.microphoneId);
      this.#send({ type: "microphone", microphone: { status: "ready" } });
      return stream;
    } catch (error) {
      const failure = error instanceof MicrophoneError ? error.failure : "unknown";
      this.#send({ type: "microphone", microphone: { status: "failed", failure } });
      return null;
    }
  }

  async answer(ring: Ring): Promise<void> {
    if (this.store.state.call !== null) {
      return;
    }
    this.#send({ type: "answering", ring });
    const stream = await this.openMicrophone();
    if (stream === null) {
      this.#answerFailed(NO_MICROPHONE, false);
      return;
    }
    const leg = this.#newLeg(ring.call_id);
    try {
      await leg.connect(stream);
      this.#send({ type: "answered" });
      rememberCall({ callId: ring.call_id, muted: false });
    } catch (error) {
      this.#drop();
      const problem = asProblem(error);
      this.#answerFailed(worded(problem), NO_LONGER_RINGING.has(problem.code));
    }
  }

  /** Into the call this agent is in already: after a reload, or from another window. */
  returnTo(current: CurrentCall): void {
    const remembered = rememberedCall();
    const muted = remembered?.callId === current.call_id && remembered.muted;
    const startedAt = performance.now() - Math.max(0, Date.now() - Date.parse(current.since));
    this.#send({ type: "returning", current, muted, startedAt });
    rememberCall({ callId: current.call_id, muted });
    const leg = this.#newLeg(current.call_id);
    leg.setMuted(muted);
    leg.comeBack();
  }

  toggleMute(): void {
    const { call } = this.store.state;
    if (call !== null && call.endedAt === null) {
      this.#leg?.setMuted(!call.muted);
      this.#send({ type: "muted", muted: !call.muted });
      rememberCall({ callId: call.id, muted: !call.muted });
    }
  }

  /** Neither side hears the other, and nothing is listened to, until it is pressed again. The page shows what media
   * has confirmed, and each wish is for the opposite of that. */
  toggleHold(): void {
    this.#leg?.say({ type: "hold", value: this.store.state.call?.listening?.held !== true });
  }

  /** For the rest of the call. Asked until media has confirmed it. */
  stopListening(): void {
    this.#send({ type: "stopping" });
    this.#askToStop();
  }

  /** The card number is over. */
  resumeListening(): void {
    this.#leg?.say({ type: "resume_listening" });
  }

  async hangUp(): Promise<void> {
    const { call } = this.store.state;
    if (call === null || call.endedAt !== null || call.phase === "answering") {
      return;
    }
    this.#send({ type: "ended", by: "agent", now: performance.now() });
    await this.#reportHangUp(call.id);
  }

  answerCue(id: string, answer: CueAnswer): void {
    this.#send({ type: "cue_answered", id, answer, now: performance.now() });
  }

  holdCue(held: boolean): void {
    this.#send({ type: "cue_held", held, now: performance.now() });
  }

  reopenCue(id: string): void {
    this.#send({ type: "cue_reopened", id, now: performance.now() });
  }

  rememberLonger(): void {
    this.#send({ type: "remembered_longer", now: performance.now() });
  }

  /** The words of the last call, sooner than by themselves. */
  forgetWords(): void {
    if (this.store.state.call?.endedAt !== null) {
      this.#send({ type: "forgotten" });
    }
  }

  setCaptions(on: boolean): void {
    this.#send({ type: "captions", on });
  }

  /** Done with the scorecard: ready for the next caller. */
  clear(): void {
    this.#drop();
    this.#send({ type: "cleared" });
    if (this.#signedOut) {
      this.onSignedOut();
    }
  }

  dismissMessage(): void {
    this.#send({ type: "message", message: null });
  }

  async chooseMicrophone(id: string): Promise<void> {
    this.microphoneId = id;
    if (this.#leg !== null) {
      await this.#changeMicrophone(this.#leg);
    }
  }

  async chooseSpeaker(id: string): Promise<void> {
    this.speakerId = id;
    await this.ringer.tones.playThrough(id);
    await this.#leg?.playThrough(id);
  }

  #send(event: Event): void {
    this.store.send(event);
  }

  #tick(): void {
    this.#send({ type: "tick", now: performance.now() });
    this.#askToStop();
  }

  #askToStop(): void {
    if (this.store.state.call?.stopping === true) {
      this.#leg?.say({ type: "stop_listening" });
    }
  }

  #answerFailed(message: Message, gone: boolean): void {
    this.#send({ type: "answer_failed", message, gone });
  }

  #signalled(message: AgentSocketOut): void {
    this.#send({ type: "signalled", message, now: performance.now() });
  }

  #socketChanged(state: SocketState): void {
    this.#send({ type: "socket", state });
    if (state === "open") {
      this.#tell({ type: "available", value: this.store.state.wanted });
      void this.#findCall();
    } else if (state === "waiting") {
      // A browser does not say why a handshake was refused; an ended session is one reason we can find out.
      get<Me>("/api/me").catch((error: unknown) => {
        if (asProblem(error).status === 401) {
          this.#sessionEnded();
        }
      });
    }
  }

  #tell(message: AgentSocketIn): void {
    this.#socket.send(message);
  }

  /** A call in progress needs no session: it goes on, and signing in waits until it is over. */
  #sessionEnded(): void {
    this.#socket.close();
    this.#signedOut = true;
    if (this.store.state.call === null) {
      this.onSignedOut();
    } else {
      this.#send({ type: "message", message: SESSION_ENDED });
    }
  }

  /** The call this agent is in goes on here if it was here before a reload; otherwise it is offered. */
  async #findCall(): Promise<void> {
    if (this.store.state.call !== null) {
      return;
    }
    const current = await currentCall();
    const here = current !== null && rememberedCall()?.callId === current.call_id && (await microphoneAllowed());
    if (this.store.state.call !== null) {
      return;
    }
    if (here) {
      this.returnTo(current);
    } else {
      this.#send({ type: "returnable", current });
    }
  }

  #newLeg(callId: string): Leg {
    const ours = (act: () => void): void => {
      if (this.#leg === leg) {
        act();
      }
    };
    const leg: Leg = new Leg("cues", {
      iceServers: () => get<IceServers>(`/api/calls/${callId}/ice-servers`),
      signal: async (sdp) => (await post<Answer>(`/api/calls/${callId}/answer`, { sdp })).sdp,
      openMicrophone: () => this.openMicrophone(),
      onLink: (link) => ours(() => this.#linkChanged(link)),
      onMessage: (text) => ours(() => this.#heard(text)),
      onClosed: () => ours(() => this.#closedByMedia(leg)),
      onOver: () => ours(() => this.#send({ type: "ended", by: "connection", now: performance.now() })),
    });
    void leg.playThrough(this.speakerId);
    this.#leg = leg;
    return leg;
  }

  #linkChanged(link: Link): void {
    this.#send({ type: "link", link, now: performance.now() });
  }

  #heard(text: string): void {
    const message = parseChannel(text);
    if (message !== null) {
      this.#send({ type: "channel", message, now: performance.now() });
    }
  }

  #closedByMedia(leg: Leg): void {
    if (this.store.state.call?.phase === "wrapping") {
      this.#wrapped();
    } else {
      setTimeout(() => void this.#moved(leg), CLOSED_MS);
    }
  }

  /** Another window of this agent has the call now. Taking it back is for the person, or two windows would fight. */
  async #moved(leg: Leg): Promise<void> {
    const { call } = this.store.state;
    if (this.#leg !== leg || call === null || call.endedAt !== null) {
      return;
    }
    this.#drop();
    const current = await currentCall();
    if (current?.call_id === call.id) {
      this.#send({ type: "moved", current });
    } else {
      this.#send({ type: "ended", by: "connection", now: performance.now() });
    }
  }

  /** Follows the state with what lies outside it: the ring, and the end of the connection. */
  #react(): void {
    const { state } = this.store;
    document.documentElement.dataset["callState"] = pageState(state);
    this.ringer.ring(state.call === null ? (state.rings[0] ?? null) : null);
    const { call } = state;
    this.#tellFates(call);
    if (call?.phase !== "wrapping") {
      return;
    }
    this.#leg?.stopMicrophone();
    this.#leg?.silence();
    if (call.scorecard !== null && call.receipt !== null) {
      this.#wrapped();
    } else {
      this.#wrapUpIn(call.scorecard === null ? SCORECARD_MS : PURGE_MS, call.scorecard !== null);
    }
  }

  /** What became of the cards since we last told. What is lost with a connection is not told again: it is counted,
   * not kept. */
  #tellFates(call: Call | null): void {
    const fates = call?.cues.fates ?? [];
    for (const fate of fates.slice(this.#fatesTold)) {
      this.#leg?.say({ type: "cue_feedback", ...fate });
    }
    this.#fatesTold = fates.length;
  }

  #wrapUpIn(milliseconds: number, forPurge: boolean): void {
    if (this.#wrapUp !== undefined && this.#waitingForPurge === forPurge) {
      return;
    }
    clearTimeout(this.#wrapUp);
    this.#waitingForPurge = forPurge;
    this.#wrapUp = setTimeout(() => this.#wrapped(), milliseconds);
  }

  #wrapped(): void {
    this.#drop();
    this.#send({ type: "wrapped" });
  }

  #drop(): void {
    clearTimeout(this.#wrapUp);
    this.#wrapUp = undefined;
    this.#leg?.close();
    this.#leg = null;
    rememberCall(null);
  }

  async #reportHangUp(callId: string): Promise<void> {
    await post(`/api/calls/${callId}/hang-up`).catch((error: unknown) => {
      const problem = asProblem(error);
      if (problem.code !== "call-over") {
        // Our side is off either way; media ends the call when it sees the connection gone.
        this.#send({ type: "message", message: worded(problem) });
      }
    });
  }

  async #microphoneMayBeGone(): Promise<void> {
    if (this.#leg !== null && !this.#leg.hearsMicrophone) {
      await this.#changeMicrophone(this.#leg);
      this.#send({ type: "message", message: MICROPHONE_CHANGED });
    }
  }

  async #changeMicrophone(leg: Leg): Promise<void> {
    const stream = await this.openMicrophone();
    if (stream !== null) {
      await leg.replaceMicrophone(stream);
    }
  }
}

function worded(problem: Problem): Message {
  return { tone: "error", title: problem.title, detail: problem.detail };
}

const NO_MICROPHONE: Message = {
  tone: "error",
  title: "The call was not answered: no microphone",
  detail: "The caller is still waiting. Follow the help under Sound, then answer again.",
};

const SESSION_ENDED: Message = {
  tone: "warning",
  title: "Your session has ended",
  detail: "The call goes on. After it, sign in again to take the next one.",
};

const MICROPHONE_CHANGED: Message = {
  tone: "warning",
  title: "Your microphone was unplugged",
  detail: "The call goes on with another microphone. Ask the caller whether they can hear you.",
};

/** The call the server says this agent is in; null between calls, and when the server does not answer. */
async function currentCall(): Promise<CurrentCall | null> {
  return get<Present>("/api/calls/current").then(
    (present) => present.call,
    () => null,
  );
}
