// The call this tab is in, so that a reload returns to it. Tab-scoped, and only while the call lasts: the token in it
// opens this one call and nothing else.

import type { PlacedCall } from "../shared/contract";

const KEY = "clinixcue.call";

export interface Remembered {
  /** The secret part of the call link it was placed with. */
  readonly link: string;
  readonly call: PlacedCall;
  readonly analyse: boolean;
  readonly muted: boolean;
  /** Milliseconds of Date.now(). */
  readonly answeredAt: number | null;
}

export function rememberCall(remembered: Remembered | null): void {
  if (remembered === null) {
    sessionStorage.removeItem(KEY);
  } else {
    sessionStorage.setItem(KEY, JSON.stringify(remembered));
  }
}

export function rememberedCall(link: string): Remembered | null {
  try {
    const remembered = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Remembered | null;
    return remembered?.link === link ? remembered : null;
  } catch {
    return null;
  }
}
