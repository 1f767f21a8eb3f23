import { describe, expect, it } from "vitest";
import type { Cue } from "../shared/contract";
import {
  answered,
  arrived,
  COACH_MS,
  type CueDesk,
  EMPTY_DESK,
  ending,
  holding,
  LATER_MS,
  reopened,
  SETTLE_MS,
  ticked,
} from "./cues";

function cue(id: string, lane: Cue["lane"], more: Partial<Cue> = {}): Cue {
  const common = { type: "cue", label: id, title: id, say: id, do_not_say: null, leg: "patient", at: 1 } as const;
  return { ...common, id, lane, ttl_s: null, needs_ack: false, ...more };
}

function withCues(...cues: Cue[]): CueDesk {
  return cues.reduce((desk, one) => arrived(desk, one, 0), EMPTY_DESK);
}

function ids(held: CueDesk["waiting"]): readonly string[] {
  return held.map((one) => one.cue.id);
}

const SETTLED = SETTLE_MS;
const QUIET = true;
const TALKING = false;

describe("which cue is shown", () => {
  it("shows the first and lets an equal or lesser one wait", () => {
    const desk = withCues(cue("a", "compliance"), cue("b", "coach"), cue("c", "compliance"));
    expect(desk.shown?.id).toBe("a");
    expect(ids(desk.waiting)).toEqual(["c", "b"]);
  });

  it("lets safety take the place of anything, which comes back afterwards", () => {
    const desk = withCues(cue("a", "compliance", { needs_ack: true }), cue("b", "safety"));
    expect(desk.shown?.id).toBe("b");
    expect(answered(desk, "b", "acknowledged", SETTLED).shown?.id).toBe("a");
  });

  it("keeps at most one piece of advice waiting, the newest", () => {
    const desk = withCues(cue("a", "safety"), cue("b", "coach"), cue("c", "coach"));
    expect(ids(desk.waiting)).toEqual(["c"]);
  });

  it("never drops compliance, nor advice that has to be acknowledged", () => {
    const must = cue("c", "coach", { needs_ack: true });
    const desk = withCues(cue("a", "safety"), cue("b", "compliance"), must, cue("d", "coach"), cue("e", "compliance"));
    expect(ids(desk.waiting)).toEqual(["b", "e", "c", "d"]);
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

  it("has what must be acknowledged acknowledged, not put off", () => {
    for (const one of [cue("a", "safety"), cue("a", "coach", { needs_ack: true })]) {
      const desk = withCues(one);
      expect(ending(one)).toBe("acknowledged");
      expect(answered(desk, "a", "later", SETTLED)).toBe(desk);
      expect(answered(desk, "a", "acknowledged", SETTLED).shown).toBeNull();
    }
    expect(ending(cue("a", "compliance"))).toBe("done");
  });
});

describe("later", () => {
  const putOff = answered(withCues(cue("a", "compliance")), "a", "later", SETTLED);
  const due = SETTLED + LATER_MS;

  it("comes back in the next pause, not while somebody speaks, and not at once", () => {
    expect(putOff.shown).toBeNull();
    expect(ids(putOff.later)).toEqual(["a"]);
    expect(ticked(putOff, QUIET, due - 1)).toBe(putOff);
    expect(ticked(putOff, TALKING, due + 60_000)).toBe(putOff);
    const back = ticked(putOff, QUIET, due);
    expect(back.shown?.id).toBe("a");
    expect(back.later).toEqual([]);
  });

  it("waits until the place is free", () => {
    const busy = arrived(putOff, cue("b", "compliance"), due);
    expect(ticked(busy, QUIET, due + 1)).toBe(busy);
    expect(ticked(answered(busy, "b", "done", due + SETTLED), QUIET, due + SETTLED).shown?.id).toBe("a");
  });

  it("can be reopened, and what it covers waits", () => {
    const busy = arrived(putOff, cue("b", "coach"), SETTLED + 1);
    const open = reopened(busy, "a", SETTLED + 2);
    expect(open.shown?.id).toBe("a");
    expect(open.later).toEqual([]);
    expect(answered(open, "a", "done", 2 * SETTLED + 2).shown?.id).toBe("b");
  });

  it("does not cover what must be acknowledged, nor open what was never put off", () => {
    const urgent = arrived(putOff, cue("b", "safety"), SETTLED + 1);
    expect(reopened(urgent, "a", SETTLED + 2)).toBe(urgent);
    expect(reopened(putOff, "b", SETTLED + 2)).toBe(putOff);
  });
});

describe("time", () => {
  it("lets advice go by itself, but never safety or compliance", () => {
    const long = 100 * COACH_MS;
    expect(ticked(withCues(cue("a", "coach")), QUIET, COACH_MS).shown).toBeNull();
    expect(ticked(withCues(cue("a", "compliance", { ttl_s: 1 })), QUIET, long).shown?.id).toBe("a");
    expect(ticked(withCues(cue("a", "safety", { ttl_s: 1 })), QUIET, long).shown?.id).toBe("a");
    expect(ticked(withCues(cue("a", "coach", { ttl_s: 1, needs_ack: true })), QUIET, long).shown?.id).toBe("a");
  });

  it("keeps to the time that the playbook gives advice", () => {
    const desk = withCues(cue("a", "coach", { ttl_s: 8 }));
    expect(ticked(desk, TALKING, 7_999).shown?.id).toBe("a");
    expect(ticked(desk, TALKING, 8_000).shown).toBeNull();
  });

  it("does not show advice that went stale while it waited", () => {
    const desk = withCues(cue("a", "safety"), cue("b", "coach", { ttl_s: 8 }), cue("c", "compliance", { ttl_s: 8 }));
    expect(ids(ticked(desk, TALKING, 8_000).waiting)).toEqual(["c"]);
    const after = answered(answered(desk, "a", "acknowledged", 9_000), "c", "done", 10_000);
    expect(after.shown).toBeNull();
  });

  it("does not take advice away from under the pointer", () => {
    const held = holding(withCues(cue("a", "coach")), true, 10);
    expect(ticked(held, TALKING, 10 * COACH_MS)).toBe(held);
    const released = holding(held, false, 10 * COACH_MS);
    expect(ticked(released, TALKING, 11 * COACH_MS - 1).shown?.id).toBe("a");
    expect(ticked(released, TALKING, 11 * COACH_MS).shown).toBeNull();
  });
});

describe("what media is told", () => {
  it("says what became of each card, each thing once", () => {
    let desk = withCues(cue("a", "coach"), cue("b", "compliance"));
    desk = answered(desk, "b", "later", SETTLED);
    desk = answered(desk, "a", "not_relevant", 2 * SETTLED);
    desk = answered(reopened(desk, "b", 3 * SETTLED), "b", "later", 4 * SETTLED);
    desk = answered(reopened(desk, "b", 5 * SETTLED), "b", "done", 6 * SETTLED);
    expect(desk.fates).toEqual([
      { cue: "a", choice: "shown" },
      { cue: "b", choice: "shown" },
      { cue: "b", choice: "later" },
      { cue: "a", choice: "not_relevant" },
      { cue: "b", choice: "done" },
    ]);
  });

  it("says nothing of a card that only waited", () => {
    expect(withCues(cue("a", "safety"), cue("b", "coach")).fates).toEqual([{ cue: "a", choice: "shown" }]);
  });
});
