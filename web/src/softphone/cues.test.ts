import { describe, expect, it } from "vitest";
import type { Cue } from "../shared/contract";
import { answered, arrived, COACH_MS, type CueDesk, EMPTY_DESK, holding, LATER_MS, SETTLE_MS, ticked } from "./cues";

function cue(id: string, lane: Cue["lane"]): Cue {
  return { type: "cue", id, lane, label: id, title: id, say: id, do_not_say: null, leg: "patient", at: 1, ttl_s: null, needs_ack: false };
}

function withCues(...cues: Cue[]): CueDesk {
  return cues.reduce((desk, one) => arrived(desk, one, 0), EMPTY_DESK);
}

const SETTLED = SETTLE_MS;

describe("which cue is shown", () => {
  it("shows the first and lets an equal or lesser one wait", () => {
    const desk = withCues(cue("a", "compliance"), cue("b", "coach"), cue("c", "compliance"));
    expect(desk.shown?.id).toBe("a");
    expect(desk.waiting.map((one) => one.id)).toEqual(["c", "b"]);
  });

  it("lets safety take the place of anything, which comes back afterwards", () => {
    const desk = withCues(cue("a", "compliance"), cue("b", "safety"));
    expect(desk.shown?.id).toBe("b");
    expect(answered(desk, "b", "done", SETTLED).shown?.id).toBe("a");
  });

  it("keeps at most one piece of advice waiting, the newest", () => {
    const desk = withCues(cue("a", "safety"), cue("b", "coach"), cue("c", "coach"));
    expect(desk.waiting.map((one) => one.id)).toEqual(["c"]);
  });

  it("treats a repeated id as the same cue, also after it was answered", () => {
    const desk = answered(withCues(cue("a", "coach")), "a", "done", SETTLED);
    expect(arrived(desk, cue("a", "coach"), SETTLED + 1)).toBe(desk);
  });
});

describe("answering a cue", () => {
  it("ignores a key pressed just as the card changed", () => {
    const desk = withCues(cue("a", "coach"));
    expect(answered(desk, "a", "done", SETTLE_MS - 1)).toBe(desk);
    expect(answered(desk, "a", "done", SETTLE_MS).shown).toBeNull();
  });

  it("ignores an answer for a card that is no longer shown", () => {
    const desk = withCues(cue("a", "coach"), cue("b", "safety"));
    expect(answered(desk, "a", "done", SETTLED)).toBe(desk);
  });

  it("settles at once even when the pointer has just left the card", () => {
    const desk = holding(holding(withCues(cue("a", "coach")), true, 500), false, 900);
    expect(answered(desk, "a", "done", 901).shown).toBeNull();
  });

  it("brings back what was put off", () => {
    const desk = answered(withCues(cue("a", "compliance")), "a", "later", SETTLED);
    expect(desk.shown).toBeNull();
    expect(ticked(desk, SETTLED + LATER_MS - 1).shown).toBeNull();
    expect(ticked(desk, SETTLED + LATER_MS).shown?.id).toBe("a");
  });

  it("does not let safety be put off", () => {
    const desk = withCues(cue("a", "safety"));
    expect(answered(desk, "a", "later", SETTLED)).toBe(desk);
  });
});

describe("time", () => {
  it("lets advice go by itself, but never safety or compliance", () => {
    expect(ticked(withCues(cue("a", "coach")), COACH_MS).shown).toBeNull();
    expect(ticked(withCues(cue("a", "compliance")), 10 * COACH_MS).shown?.id).toBe("a");
    expect(ticked(withCues(cue("a", "safety")), 10 * COACH_MS).shown?.id).toBe("a");
  });

  it("does not take advice away from under the pointer", () => {
    const held = holding(withCues(cue("a", "coach")), true, 10);
    expect(ticked(held, 10 * COACH_MS)).toBe(held);
    const released = holding(held, false, 10 * COACH_MS);
    expect(ticked(released, 11 * COACH_MS - 1).shown?.id).toBe("a");
    expect(ticked(released, 11 * COACH_MS).shown).toBeNull();
  });
});
