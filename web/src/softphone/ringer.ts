// Makes a waiting caller hard to miss: sound, the tab's title, and a desktop notification where allowed.

import type { Ring } from "../shared/contract";
import { Tones } from "../shared/tones";

const FLASH_MS = 1000;

export class Ringer {
  readonly tones = new Tones();
  readonly #title = document.title;
  #flash: ReturnType<typeof setInterval> | undefined;
  #notification: Notification | null = null;
  #ringing: string | null = null;

  /** Rings for the first waiting caller, or is quiet for null. Repeating the same caller changes nothing. */
  ring(ring: Ring | null): void {
    if ((ring?.call_id ?? null) === this.#ringing) {
      return;
    }
    this.#stop();
    if (ring !== null) {
      this.#ringing = ring.call_id;
      this.tones.start("ring");
      this.#flash = setInterval(() => this.#toggleTitle(ring), FLASH_MS);
      this.#toggleTitle(ring);
      this.#notify(ring);
    }
  }

  #stop(): void {
    this.#ringing = null;
    this.tones.stop();
    clearInterval(this.#flash);
    document.title = this.#title;
    this.#notification?.close();
    this.#notification = null;
  }

  #toggleTitle(ring: Ring): void {
    document.title = document.title === this.#title ? `Ringing: ${ring.line}` : this.#title;
  }

  #notify(ring: Ring): void {
    if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) {
      return;
    }
    // The line only: a notification may be shown on a locked screen and kept by the system.
    this.#notification = new Notification("Incoming call", { body: ring.line, requireInteraction: true, tag: "ring" });
    this.#notification.addEventListener("click", () => window.focus());
  }
}
