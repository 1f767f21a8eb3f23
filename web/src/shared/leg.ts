// One side's way to the call, for as long as the call lasts: the connection it has now, and the next one when that is
// lost. The call id, the microphone, mute and the chosen speaker stay; only the RTCPeerConnection changes.

import { asProblem } from "./api";
import type { IceServers } from "./contract";
import { Comeback, type Outcome } from "./comeback";
import { type Channel, type Link, Peer, type Said } from "./peer";

export interface LegEvents {
  /** Asked before each connection, because the credentials in it end. Throws Problem. */
  iceServers(): Promise<IceServers>;
  /** Sends our offer, returns the answer's session description. Throws Problem. */
  signal(sdp: string): Promise<string>;
  /** Only when the one in use is gone. Null when it failed. */
  openMicrophone(): Promise<MediaStream | null>;
  onLink(link: Link): void;
  onMessage(text: string): void;
  /** Media has closed the connection on purpose: the call is over, or goes on in another window. */
  onClosed(): void;
  /** The connection is lost and there is nothing to return to. */
  onOver(): void;
}

const FINAL = new Set(["call-over", "call-taken", "unknown-call", "wrong-call-token", "sign-in-required"]);

export class Leg {
  readonly #comeback: Comeback;
  readonly #online = (): void => this.#comeback.now();
  #peer: Peer | null = null;
  #muted = false;
  #speaker = "";
  #closed = false;

  constructor(
    readonly channel: Channel,
    readonly events: LegEvents,
  ) {
    this.#comeback = new Comeback({ attempt: () => this.#return(), onOver: () => events.onOver() });
    addEventListener("online", this.#online);
  }

  /** The first connection. Throws Problem. */
  async connect(stream: MediaStream): Promise<void> {
    const peer = await this.#newPeer(stream).catch((error: unknown) => {
      stop(stream);
      throw error;
    });
    if (this.#closed) {
      peer.close();
      return;
    }
    this.#peer = peer;
    const answer = await this.events.signal(await peer.offer());
    if (this.#peer === peer) {
      await peer.accept(answer);
      await peer.playThrough(this.#speaker);
    }
  }

  /** After a reload: this page has no connection yet, but its call goes on. */
  comeBack(): void {
    this.#comeback.now();
  }

  say(message: Said): void {
    this.#peer?.say(message);
  }

  setMuted(muted: boolean): void {
    this.#muted = muted;
    this.#peer?.setMuted(muted);
  }

  async playThrough(speaker: string): Promise<void> {
    this.#speaker = speaker;
    await this.#peer?.playThrough(speaker);
  }

  get hearsMicrophone(): boolean {
    return this.#peer?.hearsMicrophone ?? true;
  }

  async replaceMicrophone(stream: MediaStream): Promise<void> {
    await this.#peer?.replaceMicrophone(stream, this.#muted);
  }

  stopMicrophone(): void {
    this.#comeback.stop();
    this.#peer?.stopMicrophone();
  }

  silence(): void {
    this.#peer?.silence();
  }

  close(): void {
    this.#closed = true;
    this.#comeback.stop();
    removeEventListener("online", this.#online);
    this.#peer?.close();
    this.#peer = null;
  }

  /** The old connection stays until media has taken the new one: it may still mend itself. */
  async #return(): Promise<Outcome> {
    const old = this.#peer;
    const stream = old?.hearsMicrophone === true ? old.stream : await this.events.openMicrophone();
    if (stream === null) {
      return "again";
    }
    let peer: Peer | null = null;
    try {
      peer = await this.#newPeer(stream);
      const answer = await this.events.signal(await peer.offer());
      if (this.#closed) {
        peer.close();
        return "over";
      }
      this.#peer = peer;
      old?.release();
      await peer.accept(answer);
      await peer.playThrough(this.#speaker);
      return "answered";
    } catch (error) {
      if (this.#peer === old) {
        peer?.release();
        if (stream !== old?.stream) {
          stop(stream);
        }
      }
      return FINAL.has(asProblem(error).code) ? "over" : "again";
    }
  }

  async #newPeer(stream: MediaStream): Promise<Peer> {
    const { ice_servers } = await this.events.iceServers();
    const peer: Peer = new Peer(stream, this.channel, ice_servers, {
      onLink: (link) => {
        if (peer === this.#peer) {
          this.#comeback.linkChanged(link);
          this.events.onLink(link);
        }
      },
      onMessage: (text) => {
        if (peer === this.#peer) {
          this.events.onMessage(text);
        }
      },
      onClosed: () => {
        // While a new connection is being made, media closes the one it replaces.
        if (peer === this.#peer && !this.#comeback.trying) {
          this.events.onClosed();
        }
      },
    });
    peer.setMuted(this.#muted);
    return peer;
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.stop();
  }
}
