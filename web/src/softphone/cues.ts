// Which one cue is on the desk now. Pure: times come in as milliseconds of any steady clock.

import type { Cue, CueFeedback } from "../shared/contract";

export type CueChoice = CueFeedback["choice"];
export type CueAnswer = Exclude<CueChoice, "shown">;

interface Held {
  readonly cue: Cue;
  /** Since when it has been out of sight. */
  readonly since: number;
}

export interface CueDesk {
  readonly shown: Cue | null;
  readonly shownAt: number;
  /** Since when the card has been left alone. */
  readonly restingAt: number;
  /** Most urgent first, then oldest first. */
  readonly waiting: readonly Held[];
  /** Put off by the person, oldest first. */
  readonly later: readonly Held[];
  /** Ids ever seen in this call: a repeat on the channel is the same cue. */
  readonly seen: readonly string[];
  /** The person points at the card or is inside it: a coach cue then does not go by itself. */
  readonly held: boolean;
  /** What became of the cards so far, each thing once: what media is told. */
  readonly fates: readonly Omit<CueFeedback, "type">[];
}

export const EMPTY_DESK: CueDesk = {
  shown: null,
  shownAt: 0,
  restingAt: 0,
  waiting: [],
  later: [],
  seen: [],
  held: false,
  fates: [],
};

/** What was put off comes back in a pause, but not sooner than this. */
export const LATER_MS = 10_000;
/** A coach cue that does not say how long it is of use goes by itself after this (WCAG 2.2.1: never the others). */
export const COACH_MS = 25_000;
/** Just after the card changed, a key or click was meant for the card before. */
export const SETTLE_MS = 400;

const URGENCY = { safety: 0, compliance: 1, coach: 2 } as const;

/** Stays until the person has acknowledged it: it interrupts, and cannot be put off. */
export function needsAck(cue: Cue): boolean {
  return cue.lane === "safety" || cue.needs_ack;
}

/** The first button of the card. */
export function ending(cue: Cue): CueAnswer {
  return needsAck(cue) ? "acknowledged" : "done";
}

/** Milliseconds until it goes by itself; null for what never does. */
function life(cue: Cue): number | null {
  if (cue.lane !== "coach" || needsAck(cue)) {
    return null;
  }
  return cue.ttl_s === null ? COACH_MS : cue.ttl_s * 1000;
}

function stale(cue: Cue, since: number, now: number): boolean {
  const lives = life(cue);
  return lives !== null && now - since >= lives;
}

function interrupts(one: Cue, other: Cue): boolean {
  return URGENCY[one.lane] < URGENCY[other.lane];
}

function queued(waiting: readonly Held[], put: Held): readonly Held[] {
  // Advice goes stale: the newest replaces an older one that was still waiting.
  const kept = life(put.cue) === null ? waiting : waiting.filter((other) => life(other.cue) === null);
  return [...kept, put].toSorted((one, other) => URGENCY[one.cue.lane] - URGENCY[other.cue.lane]);
}

function noted(desk: CueDesk, cue: string, choice: CueChoice): CueDesk {
  const known = desk.fates.some((fate) => fate.cue === cue && fate.choice === choice);
  return known ? desk : { ...desk, fates: [...desk.fates, { cue, choice }] };
}

function show(desk: CueDesk, cue: Cue | null, now: number): CueDesk {
  const after = { ...desk, shown: cue, shownAt: now, restingAt: now, held: false };
  return cue === null ? after : noted(after, cue.id, "shown");
}

function next(desk: CueDesk, now: number): CueDesk {
  const [first, ...rest] = desk.waiting.filter(({ cue, since }) => !stale(cue, since, now));
  return show({ ...desk, waiting: rest }, first?.cue ?? null, now);
}

/** In the place of what is shown, which waits. */
function interrupt(desk: CueDesk, cue: Cue, now: number): CueDesk {
  const waiting = desk.shown === null ? desk.waiting : queued(desk.waiting, { cue: desk.shown, since: now });
  return show({ ...desk, waiting }, cue, now);
}

export function arrived(desk: CueDesk, cue: Cue, now: number): CueDesk {
  if (desk.seen.includes(cue.id)) {
    return desk;
  }
  const known = { ...desk, seen: [...desk.seen, cue.id] };
  return known.shown === null || interrupts(cue, known.shown)
    ? interrupt(known, cue, now)
    : { ...known, waiting: queued(known.waiting, { cue, since: now }) };
}

export function answered(desk: CueDesk, id: string, answer: CueAnswer, now: number): CueDesk {
  const cue = desk.shown;
  if (cue === null || cue.id !== id || now - desk.shownAt < SETTLE_MS || (answer === "later" && needsAck(cue))) {
    return desk;
  }
  const later = answer === "later" ? [...desk.later, { cue, since: now }] : desk.later;
  return next(noted({ ...desk, later }, id, answer), now);
}

/** The person wants a card back that they put off. What has to be acknowledged first stays. */
export function reopened(desk: CueDesk, id: string, now: number): CueDesk {
  const put = desk.later.find(({ cue }) => cue.id === id);
  if (put === undefined || (desk.shown !== null && needsAck(desk.shown))) {
    return desk;
  }
  return interrupt({ ...desk, later: desk.later.filter((other) => other !== put) }, put.cue, now);
}

export function holding(desk: CueDesk, held: boolean, now: number): CueDesk {
  // Letting go starts the time again, so that the card does not vanish under the person's eyes.
  return desk.held === held ? desk : { ...desk, held, restingAt: now };
}

/** Lets old coach cues go; in a pause, when the place is free, brings back what was put off first. */
export function ticked(desk: CueDesk, quiet: boolean, now: number): CueDesk {
  const fresh = desk.waiting.filter(({ cue, since }) => !stale(cue, since, now));
  let after = fresh.length === desk.waiting.length ? desk : { ...desk, waiting: fresh };
  if (after.shown !== null && !after.held && stale(after.shown, after.restingAt, now)) {
    after = next(after, now);
  }
  const [put] = after.later;
  const due = put !== undefined && quiet && after.shown === null && now - put.since >= LATER_MS;
  return due ? reopened(after, put.cue.id, now) : after;
}
