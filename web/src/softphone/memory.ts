// What a reload of this tab must not forget: which call it is in, and whether the microphone was off. Tab-scoped, and
// only while that call lasts.

const KEY = "clinixcue.call";

export interface Remembered {
  readonly callId: string;
  readonly muted: boolean;
}

export function rememberCall(call: Remembered | null): void {
  if (call === null) {
    sessionStorage.removeItem(KEY);
  } else {
    sessionStorage.setItem(KEY, `${call.callId} ${call.muted ? "muted" : "open"}`);
  }
}

export function rememberedCall(): Remembered | null {
  const [callId, microphone] = (sessionStorage.getItem(KEY) ?? "").split(" ");
  return callId === undefined || callId === "" ? null : { callId, muted: microphone === "muted" };
}
