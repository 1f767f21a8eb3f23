// Carries out what the caller does: microphone, signalling, the connection, the ring-back tone.

import { asProblem, get, post } from "../shared/api";
import type { Answer, CallerSocketIn, CallerSocketOut, Line, PlaceCall, PlacedCall } from "../shared/contract";
import { MicrophoneError, openMicrophone } from "../shared/devices";
import { type Link, Peer } from "../shared/peer";
import { Socket } from "../shared/socket";
import { Store } from "../shared/store";
import { Tones } from "../shared/tones";
import { type Event, INITIAL, inCall, reduce, type State } from "./call";

export class Telephone {
  readonly store = new Store<State, Event>(INITIAL, reduce);
  readonly #tones = new Tones();
  #call: PlacedCall | null = null;
  #peer: Peer | null = null;
  #socket: Socket | null = null;

  constructor(
    /** The secret part of the call link. */
    readonly link: string,
  ) {
    this.store.watch(() => this.#react());
    addEventListener("pagehide", () => this.#report(true));
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
  }

  /** The microphone first: a caller whose microphone fails must not make a telephone ring. */
  async place(analyse: boolean): Promise<void> {
    if (inCall(this.store.state)) {
      return;
    }
    this.#send({ type: "placing", analyse });
    let stream: MediaStream;
    try {
      await this.#tones.unlock();
      stream = await openMicrophone("");
    } catch (error) {
      this.#send({ type: "no_microphone", failure: error instanceof MicrophoneError ? error.failure : "unknown" });
      return;
    }
    if (this.store.state.phase !== "placing") {
      for (const track of stream.getTracks()) {
        track.stop();
      }
      return;
    }
    await this.#connect(stream, analyse).catch((error: unknown) => {
      this.#report(false);
      this.#drop();
      this.#send({ type: "not_placed", trouble: asProblem(error) });
    });
  }

  toggleMute(): void {
    const muted = !this.store.state.muted;
    this.#peer?.setMuted(muted);
    this.#send({ type: "muted", muted });
  }

  hangUp(): void {
    this.#report(false);
    this.#send({ type: "ended", by: "patient", now: performance.now() });
  }

  again(): void {
    this.#send({ type: "again" });
  }

  async #connect(stream: MediaStream, analyse: boolean): Promise<void> {
    const peer = new Peer(stream, { onLink: (link) => this.#linkChanged(peer, link) });
    this.#peer = peer;
    const wish: PlaceCall = { analyse };
    const call = await post<PlacedCall>(`/api/lines/${encodeURIComponent(this.link)}/calls`, wish);
    if (this.#peer !== peer) {
      // Hung up while the call was being placed: nobody may be left ringing for it.
      hangUp(call, false);
      return;
    }
    this.#call = call;
    this.#join(call);
    const body = { sdp: await peer.offer() };
    const answer = await post<Answer>(`/api/calls/${call.call_id}/patient-leg`, body, { token: call.token });
    if (this.#peer === peer) {
      await peer.accept(answer.sdp);
      this.#send({ type: "ringing" });
    }
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

  #linkChanged(peer: Peer, link: Link): void {
    if (peer === this.#peer) {
      this.#send({ type: "link", link, now: performance.now() });
    }
  }

  /** Follows the state with what lies outside it. */
  #react(): void {
    const { phase } = this.store.state;
    document.documentElement.dataset["callState"] = phase;
    if (phase === "ringing") {
      this.#tones.start("ring_back");
    } else {
      this.#tones.stop();
    }
    if (phase === "over") {
      this.#report(false);
      this.#drop();
    }
  }

  /** Tells the server once that this side is off. Media would notice too, but later. */
  #report(leaving: boolean): void {
    const call = this.#call;
    this.#call = null;
    if (call !== null) {
      hangUp(call, leaving);
    }
  }

  #drop(): void {
    this.#socket?.close();
    this.#socket = null;
    this.#peer?.close();
    this.#peer = null;
  }

  #send(event: Event): void {
    this.store.send(event);
  }
}

/** Nothing to do when it fails: media ends the call when it sees the connection gone. */
function hangUp(call: PlacedCall, leaving: boolean): void {
  const path = `/api/calls/${call.call_id}/patient-hang-up`;
  void post(path, undefined, { token: call.token, keepalive: leaving }).catch(() => undefined);
}
