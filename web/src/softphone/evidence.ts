// Which words of this call ticked which criterion: for the agent alone, in this page's memory alone. While the call
// lasts every caption is here, because a tick may name one that is long past; after it only those that ticked
// something, and a minute later none (call.ts).

import type { Caption } from "../shared/contract";

export interface Evidence {
  /** By id. */
  readonly heard: ReadonlyMap<string, Caption>;
  /** By criterion: the ids of the captions that met it or broke it. */
  readonly by: ReadonlyMap<string, readonly string[]>;
}

export interface Quote {
  readonly leg: Caption["leg"];
  readonly text: string;
}

export const NO_EVIDENCE: Evidence = { heard: new Map(), by: new Map() };

/** After the call. Long enough to read a scorecard; then the words are gone. */
export const QUOTES_MS = 60_000;

/** Who needs longer asks for another minute, up to this (WCAG 2.2.1: ten times). */
export const MOST_MS = 10 * QUOTES_MS;

/** More than an hour of talk. Older ones are forgotten during the call. */
const MAX_HEARD = 1000;

export function captioned(evidence: Evidence, caption: Caption): Evidence {
  // Unordered channel: a partial that comes after the final of the same id is old news.
  if (evidence.heard.get(caption.id)?.final === true) {
    return evidence;
  }
  const heard = [...evidence.heard, [caption.id, caption] as const];
  return { ...evidence, heard: new Map(heard.slice(-MAX_HEARD)) };
}

export function named(evidence: Evidence, criterion: string, utterances: readonly string[]): Evidence {
  return { ...evidence, by: new Map([...evidence.by, [criterion, utterances]]) };
}

/** Only what ticked something stays. */
export function settled(evidence: Evidence): Evidence {
  const quoted = new Set([...evidence.by.values()].flat());
  return { ...evidence, heard: new Map([...evidence.heard].filter(([id]) => quoted.has(id))) };
}

export function quotesOf(evidence: Evidence, criterion: string): readonly Quote[] {
  const ids = evidence.by.get(criterion) ?? [];
  return ids.flatMap((id) => {
    const caption = evidence.heard.get(id);
    return caption === undefined || caption.text === "" ? [] : [{ leg: caption.leg, text: caption.text }];
  });
}

export function hasQuotes(evidence: Evidence): boolean {
  return [...evidence.by.keys()].some((criterion) => quotesOf(evidence, criterion).length > 0);
}
