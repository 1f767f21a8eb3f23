// One leg of a call: the browser's RTCPeerConnection to the media process.

import type { CueFeedback, Hold, IceServer, Ping, ResumeListening, StopListening } from "./contract";

/** Host candidates take milliseconds; a virtual interface that never answers may not hold up the call. */
const GATHERING_MS = 2000;

/** Media calls a leg lost after three seconds without a packet or a ping. */
const PING_MS = 1000;
const PING = JSON.stringify({ type: "ping" } satisfies Ping);

/** The agent's page hears what the recogniser says; the caller's page whether it listens. */
export type Channel = "cues" | "alive";

/** What a page tells media, besides being alive. */
export type Said = CueFeedback | StopListening | Hold | ResumeListening;

export type Link = "connected" | "weak" | "failed" | "closed";

export interface PeerEvents {
  onLink(link: Link): void;
  /** Text of one message on the data channel. */
  onMessage(text: string): void;
  /** The other end closed the data channel. */
  onClosed(): void;
}

export class Peer {
  readonly #connection: RTCPeerConnection;
  readonly #sound = document.createElement("audio");
  #stream: MediaStream;
  #pinger: ReturnType<typeof setInterval> | undefined;
  #channel: RTCDataChannel | null = null;
  #closed = false;

  constructor(
    stream: MediaStream,
    channel: Channel,
    /** What our server handed out, and nothing else: no third party is ever asked for an address. */
    iceServers: readonly IceServer[],
    readonly events: PeerEvents,
  ) {
    this.#connection = new RTCPeerConnection({ iceServers: iceServers.map((one) => ({ ...one, urls: [...one.urls] })) });
    this.#stream = stream;
    this.#sound.autoplay = true;
    this.#sound.hidden = true;
    document.body.append(this.#sound);
    const [track] = stream.getAudioTracks();
    if (track !== undefined) {
      this.#connection.addTransceiver(track, { direction: "sendrecv", streams: [stream] });
    }
    this.#open(channel);
    this.#connection.addEventListener("track", (event) => {
      this.#sound.srcObject = event.streams[0] ?? new MediaStream([event.track]);
    });
    this.#connection.addEventListener("connectionstatechange", () => this.#linkChanged());
  }

  /** Our session description, with every candidate in it: signalling is one request and one answer. */
  async offer(): Promise<string> {
    await this.#connection.setLocalDescription();
    await this.#gathered();
    return this.#connection.localDescription?.sdp ?? "";
  }

  async accept(sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: "answer", sdp });
  }

  say(message: Said): void {
    if (this.#channel?.readyState === "open") {
      this.#channel.send(JSON.stringify(message));
    }
  }

  setMuted(muted: boolean): void {
    for (const track of this.#stream.getAudioTracks()) {
      track.enabled = !muted;
    }
  }

  /** Another microphone in mid-call, without a new offer. */
  async replaceMicrophone(stream: MediaStream, muted: boolean): Promise<void> {
    const [track] = stream.getAudioTracks();
    const [sender] = this.#connection.getSenders();
    if (track === undefined || sender === undefined) {
      return;
    }
    await sender.replaceTrack(track);
    this.stopMicrophone();
    this.#stream = stream;
    this.setMuted(muted);
  }

  /** False once the device was unplugged or taken away. */
  get hearsMicrophone(): boolean {
    return this.#stream.getAudioTracks().some((track) => track.readyState === "live");
  }

  get stream(): MediaStream {
    return this.#stream;
  }

  async playThrough(speaker: string): Promise<void> {
    await playThrough(this.#sound, speaker);
  }

  /** The microphone goes off at hang-up even though the connection stays a moment longer for the scorecard. */
  stopMicrophone(): void {
    for (const track of this.#stream.getTracks()) {
      track.stop();
    }
  }

  silence(): void {
    this.#sound.srcObject = null;
  }

  close(): void {
    this.stopMicrophone();
    this.release();
  }

  /** Closes the connection but leaves the microphone on, for the connection that takes its place. */
  release(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    clearInterval(this.#pinger);
    this.silence();
    this.#sound.remove();
    this.#connection.close();
  }

  #open(label: Channel): void {
    const channel = this.#connection.createDataChannel(label, { ordered: false });
    this.#channel = channel;
    channel.addEventListener("open", () => {
      this.#pinger = setInterval(() => ping(channel), PING_MS);
    });
    channel.addEventListener("message", (event) => {
      if (typeof event.data === "string") {
        this.events.onMessage(event.data);
      }
    });
    channel.addEventListener("close", () => {
      clearInterval(this.#pinger);
      if (!this.#closed) {
        this.events.onClosed();
      }
    });
  }

  #linkChanged(): void {
    const link = LINKS[this.#connection.connectionState];
    if (link !== undefined && !this.#closed) {
      this.events.onLink(link);
    }
  }

  async #gathered(): Promise<void> {
    const connection = this.#connection;
    if (connection.iceGatheringState === "complete") {
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHERING_MS);
      connection.addEventListener("icegatheringstatechange", () => {
        if (connection.iceGatheringState === "complete") {
          clearTimeout(timer);
          resolve();
        }
      });
    });
  }
}

/** Nothing is piled up for a connection that takes nothing: an old ping tells nobody anything. */
function ping(channel: RTCDataChannel): void {
  if (channel.readyState === "open" && channel.bufferedAmount === 0) {
    channel.send(PING);
  }
}

const LINKS: Partial<Record<RTCPeerConnectionState, Link>> = {
  connected: "connected",
  disconnected: "weak",
  failed: "failed",
  closed: "closed",
};

/** Not every browser can choose where sound comes out; then the system's default is used. */
export async function playThrough(element: HTMLMediaElement, speaker: string): Promise<void> {
  if ("setSinkId" in element) {
    await element.setSinkId(speaker).catch(() => element.setSinkId(""));
  }
}
