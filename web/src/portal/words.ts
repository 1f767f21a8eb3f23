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
