// The two telephone tones of ours, made from oscillators: no sound file to load.

/** Seconds on and off, then again from the start. British cadence: two short, one long pause. */
const RING: readonly (readonly [on: number, off: number])[] = [
  [0.4, 0.2],
  [0.4, 2],
];

const HERTZ = [400, 450] as const;
const LOUDNESS = { ring: 0.18, ring_back: 0.06 } as const;

export class Tones {
  #context: AudioContext | null = null;
  #gain: GainNode | null = null;
  #oscillators: OscillatorNode[] = [];
  #next: ReturnType<typeof setTimeout> | undefined;
  #playing: keyof typeof LOUDNESS | null = null;

  /** Browsers let a page make sound only after a click: call this from one. */
  async unlock(): Promise<void> {
    this.#context ??= new AudioContext();
    await this.#context.resume();
  }

  async playThrough(speaker: string): Promise<void> {
    if (this.#context !== null && "setSinkId" in this.#context) {
      const context = this.#context as AudioContext & { setSinkId(id: string): Promise<void> };
      await context.setSinkId(speaker).catch(() => context.setSinkId(""));
    }
  }

  start(kind: keyof typeof LOUDNESS): void {
    if (this.#playing === kind || this.#context === null) {
      return;
    }
    this.stop();
    this.#playing = kind;
    const gain = this.#context.createGain();
    gain.gain.value = 0;
    gain.connect(this.#context.destination);
    this.#gain = gain;
    this.#oscillators = HERTZ.map((hertz) => new OscillatorNode(gain.context, { frequency: hertz }));
    for (const oscillator of this.#oscillators) {
      oscillator.connect(gain);
      oscillator.start();
    }
    this.#cadence(0, LOUDNESS[kind]);
  }

  stop(): void {
    clearTimeout(this.#next);
    for (const oscillator of this.#oscillators) {
      oscillator.stop();
    }
    this.#gain?.disconnect();
    this.#gain = null;
    this.#oscillators = [];
    this.#playing = null;
  }

  /** One round, to hear whether the ring can be heard. */
  async test(): Promise<void> {
    await this.unlock();
    this.start("ring");
    clearTimeout(this.#next);
    this.#next = setTimeout(() => this.stop(), 400);
  }

  #cadence(step: number, loudness: number): void {
    const context = this.#context;
    const [on, off] = RING[step % RING.length] ?? [0.4, 2];
    if (context === null || this.#gain === null) {
      return;
    }
    const now = context.currentTime;
    // Ramps of 20 ms: a tone cut at once clicks.
    this.#gain.gain.setTargetAtTime(loudness, now, 0.02);
    this.#gain.gain.setTargetAtTime(0, now + on, 0.02);
    this.#next = setTimeout(() => this.#cadence(step + 1, loudness), (on + off) * 1000);
  }
}
