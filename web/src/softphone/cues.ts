// Which one cue is on the desk now. Pure: times come in as milliseconds of any steady clock.

import type { Cue } from "../shared/contract";

export type CueAnswer = "done" | "not_relevant" | "later";

export interface CueDesk {
  readonly shown: Cue | null;
  readonly shownAt: number;
  /** Since when the card has been left alone. */
  readonly restingAt: number;
  /** Most urgent first, then oldest first. */
  readonly waiting: readonly Cue[];
  readonly later: readonly { readonly cue: Cue; readonly due: number }[];
  /** Ids ever seen in this call: a repeat on the channel is the same cue. */
  readonly seen: readonly string[];
  /** The person points at the card or is inside it: a coach cue then does not go by itself. */
  readonly held: boolean;
}

export const EMPTY_DESK: CueDesk = { shown: null, shownAt: 0, restingAt: 0, waiting: [], later: [], seen: [], held: false };

/** "Later" means this much later. */
export const LATER_MS = 30_000;
/** A coach cue goes by itself after this. Safety and compliance never do (WCAG 2.2.1). */
export const COACH_MS = 25_000;
/** Just after the card changed, a key or click was meant for the card before. */
export const SETTLE_MS = 400;

const URGENCY = { safety: 0, compliance: 1, coach: 2 } as const;

function moreUrgent(one: Cue, other: Cue): boolean {
  return URGENCY[one.lane] < URGENCY[other.lane];
}

function queued(waiting: readonly Cue[], cue: Cue): readonly Cue[] {
  // Advice goes stale: the newest replaces an older one that was still waiting.
  const kept = cue.lane === "coach" ? waiting.filter((other) => other.lane !== "coach") : waiting;
  return [...kept, cue].toSorted((one, other) => URGENCY[one.lane] - URGENCY[other.lane]);
}

function show(desk: CueDesk, cue: Cue | null, now: number): CueDesk {
  return { ...desk, shown: cue, shownAt: now, restingAt: now, held: false };
}

function next(desk: CueDesk, now: number): CueDesk {
  const [first = null, ...rest] = desk.waiting;
  return show({ ...desk, waiting: rest }, first, now);
}

function place(desk: CueDesk, cue: Cue, now: number): CueDesk {
  if (desk.shown === null) {
    return show(desk, cue, now);
  }
  if (!moreUrgent(cue, desk.shown)) {
    return { ...desk, waiting: queued(desk.waiting, cue) };
  }
  return show({ ...desk, waiting: queued(desk.waiting, desk.shown) }, cue, now);
}

export function arrived(desk: CueDesk, cue: Cue, now: number): CueDesk {
  return desk.seen.includes(cue.id) ? desk : place({ ...desk, seen: [...desk.seen, cue.id] }, cue, now);
}

/** A safety cue can be acknowledged, not put off. */
export function mayWait(cue: Cue): boolean {
  return cue.lane !== "safety";
}

export function answered(desk: CueDesk, id: string, answer: CueAnswer, now: number): CueDesk {
  const cue = desk.shown;
  if (cue === null || cue.id !== id || now - desk.shownAt < SETTLE_MS || (answer === "later" && !mayWait(cue))) {
    return desk;
  }
  const later = answer === "later" ? [...desk.later, { cue, due: now + LATER_MS }] : desk.later;
  return next({ ...desk, later }, now);
}

export function holding(desk: CueDesk, held: boolean, now: number): CueDesk {
  // Letting go starts the time again, so that the card does not vanish under the person's eyes.
  return desk.held === held ? desk : { ...desk, held, restingAt: now };
}

/** Brings back what was put off, and lets an old coach cue go. */
export function ticked(desk: CueDesk, now: number): CueDesk {
  const due = desk.later.filter((put) => put.due <= now);
  let after = due.length === 0 ? desk : { ...desk, later: desk.later.filter((put) => put.due > now) };
  for (const put of due) {
    after = place(after, put.cue, now);
  }
  const stale = after.shown?.lane === "coach" && !after.held && now - after.restingAt >= COACH_MS;
  return stale ? next(after, now) : after;
}
