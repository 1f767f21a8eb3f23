// A WebSocket that comes back: reconnects with growing pauses and notices a silent connection.

/** `connecting` only until the first time it is open; after a loss it is `waiting` until it is open again. */
export type SocketState = "connecting" | "open" | "waiting";

export interface SocketEvents {
  onMessage(message: unknown): void;
  onState(state: SocketState): void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const PING_EVERY_MS = 10_000;
/** Nothing heard for this long, not even a pong: the network swallowed the connection without closing it. */
const SILENCE_MS = 25_000;

/** Milliseconds before attempt number `attempt` (from 0), spread by up to a half so that a restarted server is not
 *  met by every page of the practice in the same instant. `chance` is in [0, 1). */
export function pauseBefore(attempt: number, chance: number): number {
  const full = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
  return Math.round(full * (1 - chance / 2));
}

export class Socket {
  #socket: WebSocket | null = null;
  #attempt = 0;
  #heardAt = 0;
  #closed = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #pinger: ReturnType<typeof setInterval>;
  readonly #online = (): void => this.#now();

  constructor(
    readonly path: string,
    readonly events: SocketEvents,
  ) {
    this.#pinger = setInterval(() => this.#ping(), PING_EVERY_MS);
    addEventListener("online", this.#online);
    this.events.onState("connecting");
    this.#open();
  }

  /** Sends when the connection is up; otherwise nothing: whoever needs a state on the other side sends it on "open". */
  send(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(message));
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#pinger);
    clearTimeout(this.#retry);
    removeEventListener("online", this.#online);
    this.#socket?.close();
  }

  #now(): void {
    if (this.#socket === null && !this.#closed) {
      clearTimeout(this.#retry);
      this.#open();
    }
  }

  #open(): void {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${this.path}`);
    this.#socket = socket;
    socket.addEventListener("open", () => {
      this.#attempt = 0;
      this.#heardAt = performance.now();
      this.events.onState("open");
    });
    socket.addEventListener("message", (event) => this.#heard(event.data));
    socket.addEventListener("close", () => this.#lost(socket));
  }

  #heard(data: unknown): void {
    this.#heardAt = performance.now();
    if (typeof data !== "string") {
      return;
    }
    try {
      this.events.onMessage(JSON.parse(data));
    } catch (error) {
      if (!(error instanceof SyntaxError)) {
        throw error;
      }
    }
  }

  #lost(socket: WebSocket): void {
    if (this.#closed || this.#socket !== socket) {
      return;
    }
    this.#socket = null;
    this.events.onState("waiting");
    this.#retry = setTimeout(() => this.#open(), pauseBefore(this.#attempt, Math.random()));
    this.#attempt += 1;
  }

  #ping(): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) {
      return;
    }
    if (performance.now() - this.#heardAt > SILENCE_MS) {
      socket.close();
      this.#lost(socket);
      return;
    }
    this.send({ type: "ping" });
  }
}
