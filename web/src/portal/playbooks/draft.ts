// What a manager types, and files they choose, before the server has seen it.

import type { DraftText } from "../../shared/contract";

/** Typed and not saved; it outlives a look at another page of the portal. */
export type Typed = Omit<DraftText, "revision">;

/** The server's own limit; a larger file is refused before it is read. */
export const MOST_BYTES = 400_000;

export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

export async function textOf(file: File): Promise<string> {
  if (file.size > MOST_BYTES) {
    throw new TooLarge(`${file.name} is ${Math.ceil(file.size / 1000)} kB; at most ${MOST_BYTES / 1000} kB are taken.`);
  }
  return file.text();
}
