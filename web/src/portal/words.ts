// The text field holds one word a line; the server takes a list and answers with places in it.

export const MOST = 200;

export interface Listed {
  readonly words: readonly string[];
  /** For each word the number of its line, from 0: blank lines are not sent. */
  readonly lines: readonly number[];
}

export function listed(text: string): Listed {
  const filled = text.split("\n").flatMap((line, number) => (line.trim() === "" ? [] : [{ word: line.trim(), number }]));
  return { words: filled.map(({ word }) => word), lines: filled.map(({ number }) => number) };
}

/** Where a line begins and ends in the text, for marking it. */
export function rangeOf(text: string, line: number): readonly [number, number] {
  const before = text.split("\n").slice(0, line);
  const start = before.reduce((length, each) => length + each.length + 1, 0);
  const end = text.indexOf("\n", start);
  return [start, end === -1 ? text.length : end];
}
