// When to build a lost connection anew, and how often. What a try is, and what is shown meanwhile, others decide.

import type { Link } from "./peer";

/** `answered`: the offer was taken, the link will tell. `again`: nobody took it. `over`: there is no such call. */
export type Outcome = "answered" | "again" | "over";

export interface ComebackEvents {
  attempt(): Promise<Outcome>;
  onOver(): void;
}

/** Before the first try, the second, …; the last one for all that follow. */
const PAUSES_MS = [0, 1000, 2000, 4000] as const;
/** ICE often mends a short interruption by itself. */
const WEAK_MS = 2000;
/** An offer that was answered has this long to become a connection. */
const CONNECT_MS = 5000;
/** About half a minute; media has ended the call by then. */
const MOST_TRIES = 9;

export class Comeback {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  #trying = false;
  #away = false;

  constructor(readonly events: ComebackEvents) {}

  /** True while a connection is being built in place of the lost one. */
  get trying(): boolean {
    return this.#trying;
  }

  linkChanged(link: Link): void {
    if (link === "connected") {
      this.stop();
    } else if (!this.#away) {
      this.#away = true;
      this.#in(link === "weak" ? WEAK_MS : 0);
    } else if (link !== "weak" && !this.#trying) {
      this.#in(this.#pause());
    }
  }

  /** The computer says it is on another network, or on one again: whatever the link still believes, its path is gone. */
  now(): void {
    this.#away = true;
    if (!this.#trying) {
      this.#in(0);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tries = 0;
    this.#away = false;
  }

  #pause(): number {
    return PAUSES_MS[Math.min(this.#tries, PAUSES_MS.length - 1)] ?? 0;
  }

  #in(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#try(), milliseconds);
  }

  async #try(): Promise<void> {
    if (this.#tries >= MOST_TRIES) {
      this.#over();
      return;
    }
    this.#tries += 1;
    this.#trying = true;
    const outcome = await this.events.attempt();
    this.#trying = false;
    if (!this.#away) {
      return;
    }
    if (outcome === "over") {
      this.#over();
    } else {
      this.#in(outcome === "answered" ? CONNECT_MS : this.#pause());
    }
  }

  #over(): void {
    this.stop();
    this.events.onOver();
  }
}
