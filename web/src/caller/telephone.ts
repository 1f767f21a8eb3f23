// Carries out what the caller does: microphone, signalling, the connection, the ring-back tone.

import { asProblem, get, post } from "../shared/api";
import type { Answer, CallerSocketIn, CallerSocketOut, IceServers, Line, PlaceCall, PlacedCall } from "../shared/contract";
import { MicrophoneError, openMicrophone } from "../shared/devices";
import { Leg } from "../shared/leg";
import { Socket } from "../shared/socket";
import { Store } from "../shared/store";
import { Tones } from "../shared/tones";
import { type Event, INITIAL, inCall, parseListening, reduce, type State } from "./call";
import { type Remembered, rememberCall, rememberedCall } from "./memory";

/** How often a wish that media has not confirmed is repeated: the connection may just be being made again. */
const ASK_AGAIN_MS = 500;

export class Telephone {
  readonly store = new Store<State, Event>(INITIAL, reduce);
  readonly #tones = new Tones();
  #call: PlacedCall | null = null;
  #leg: Leg | null = null;
  #socket: Socket | null = null;

  constructor(
    /** The secret part of the call link. */
    readonly link: string,
  ) {
    this.store.watch(() => this.#react());
    setInterval(() => this.#askToStop(), ASK_AGAIN_MS);
    addEventListener("beforeunload", (event) => {
      if (inCall(this.store.state)) {
        event.preventDefault();
      }
    });
  }

  async open(): Promise<void> {
    try {
      this.#send({ type: "line", line: await get<Line>(`/api/lines/${encodeURIComponent(this.link)}`) });
    } catch (error) {
      this.#send({ type: "no_line", trouble: asProblem(error) });
    }
    const remembered = rememberedCall(this.link);
    if (remembered !== null) {
      this.#return(remembered);
    }
  }

  /** The microphone first: a caller whose microphone fails must not make a telephone ring. */
  async place(analyse: boolean): Promise<void> {
    if (inCall(this.store.state)) {
      return;
    }
    this.#send({ type: "placing", analyse });
    await this.#tones.unlock();
    const stream = await this.#openMicrophone();
    if (stream === null) {
      return;
    }
    if (this.store.state.phase !== "placing") {
      for (const track of stream.getTracks()) {
        track.stop();
      }
      return;
    }
    await this.#connect(stream, analyse).catch((error: unknown) => {
      this.#report();
      this.#drop();
      this.#send({ type: "not_placed", trouble: asProblem(error) });
    });
  }

  toggleMute(): void {
    const muted = !this.store.state.muted;
    this.#leg?.setMuted(muted);
    this.#send({ type: "muted", muted });
  }

  /** For the rest of the call. Asked until media has confirmed it. */
  stopListening(): void {
    this.#send({ type: "stopping" });
    this.#askToStop();
  }

  #askToStop(): void {
    if (this.store.state.stopping) {
      this.#leg?.say({ type: "stop_listening" });
    }
  }

  hangUp(): void {
    this.#report();
    this.#send({ type: "ended", by: "patient", now: performance.now() });
  }

  again(): void {
    this.#send({ type: "again" });
  }

  async #openMicrophone(): Promise<MediaStream | null> {
    try {
      return await openMicrophone("");
    } catch (error) {
      this.#send({ type: "no_microphone", failure: error instanceof MicrophoneError ? error.failure : "unknown" });
      return null;
    }
  }

  async #connect(stream: MediaStream, analyse: boolean): Promise<void> {
    const leg = this.#newLeg();
    const wish: PlaceCall = { analyse };
    const call = await post<PlacedCall>(`/api/lines/${encodeURIComponent(this.link)}/calls`, wish);
    if (this.#leg !== leg) {
      // Hung up while the call was being placed: nobody may be left ringing for it.
      hangUp(call);
      for (const track of stream.getTracks()) {
        track.stop();
      }
      return;
    }
    this.#call = call;
    this.#join(call);
    await leg.connect(stream);
    this.#send({ type: "ringing" });
  }

  /** After a reload, into the call that goes on. */
  #return(remembered: Remembered): void {
    const { call, analyse, muted, answeredAt } = remembered;
    const startedAt = answeredAt === null ? null : performance.now() - (Date.now() - answeredAt);
    this.#call = call;
    this.#send({ type: "returning", analyse, muted, startedAt });
    const leg = this.#newLeg();
    leg.setMuted(muted);
    this.#join(call);
    leg.comeBack();
  }

  /** In mid-call, or after a reload. Nobody waits for a caller who cannot be heard. */
  async #microphoneAgain(): Promise<MediaStream | null> {
    const stream = await this.#openMicrophone();
    if (stream === null) {
      this.#report();
      this.#drop();
    }
    return stream;
  }

  #newLeg(): Leg {
    const ended = (): void => {
      if (this.#leg === leg) {
        this.#send({ type: "ended", by: "connection", now: performance.now() });
      }
    };
    const leg: Leg = new Leg("alive", {
      iceServers: () => get<IceServers>(this.#path("patient-ice-servers"), this.#token()),
      signal: async (sdp) => (await post<Answer>(this.#path("patient-leg"), { sdp }, this.#token())).sdp,
      openMicrophone: () => this.#microphoneAgain(),
      onLink: (link) => {
        if (this.#leg === leg) {
          this.#send({ type: "link", link });
        }
      },
      onMessage: (text) => {
        const listening = parseListening(text);
        if (listening !== null && this.#leg === leg) {
          this.#send({ type: "listening", listening });
        }
      },
      // The server's news of the end comes by itself, and says who ended it.
      onClosed: () => undefined,
      onOver: ended,
    });
    this.#leg = leg;
    return leg;
  }

  #path(part: string): string {
    return `/api/calls/${this.#call?.call_id ?? ""}/${part}`;
  }

  #token(): { readonly token: string } {
    return { token: this.#call?.token ?? "" };
  }

  #join(call: PlacedCall): void {
    const join: CallerSocketIn = { type: "join", token: call.token };
    const socket = new Socket(`/ws/caller/${call.call_id}`, {
      onMessage: (message) =>
        this.#send({ type: "signalled", message: message as CallerSocketOut, now: performance.now() }),
      onState: (state) => {
        if (state === "open") {
          socket.send(join);
        }
      },
    });
    this.#socket = socket;
  }

  /** Follows the state with what lies outside it. */
  #react(): void {
    const { phase, analyse, muted, startedAt } = this.store.state;
    document.documentElement.dataset["callState"] = phase;
    if (phase === "ringing") {
      this.#tones.start("ring_back");
    } else {
      this.#tones.stop();
    }
    if (phase === "over") {
      this.#report();
      this.#drop();
    } else if (this.#call !== null) {
      const answeredAt = startedAt === null ? null : Date.now() - (performance.now() - startedAt);
      rememberCall({ link: this.link, call: this.#call, analyse, muted, answeredAt });
    }
  }

  /** Tells the server once that this side is off. Media would notice too, but later. */
  #report(): void {
    const call = this.#call;
    this.#call = null;
    rememberCall(null);
    if (call !== null) {
      hangUp(call);
    }
  }

  #drop(): void {
    this.#socket?.close();
    this.#socket = null;
    this.#leg?.close();
    this.#leg = null;
  }

  #send(event: Event): void {
    this.store.send(event);
  }
}

/** Nothing to do when it fails: media ends the call when nobody returns to it. */
function hangUp(call: PlacedCall): void {
  const path = `/api/calls/${call.call_id}/patient-hang-up`;
  void post(path, undefined, { token: call.token }).catch(() => undefined);
}
