import { describe, expect, it } from "vitest";
import { asProblem, Problem, problemFrom } from "./api";
import { failureFrom } from "./devices";
import { age, bucket, clock, counted, notScored, words } from "./format";
import { levelOf } from "./meter";
import { pauseBefore } from "./socket";
import { points } from "./ui/criteria";

describe("problem+json", () => {
  it("reads RFC 9457", () => {
    const body = { type: "urn:clinixcue:problem:call-taken", title: "Taken", status: 409, detail: "Nothing to do." };
    expect(problemFrom(409, body)).toMatchObject({ status: 409, code: "call-taken", title: "Taken" });
  });

  it("knows which entry of a list is meant, if one is", () => {
    expect(problemFrom(422, { at: 2 }).at).toBe(2);
    expect(problemFrom(422, { at: "2" }).at).toBeNull();
    expect(problemFrom(422, {}).at).toBeNull();
  });

  it("says something useful for a body that is none", () => {
    for (const body of [undefined, null, "<html>", [], { type: 4 }]) {
      const problem = problemFrom(502, body);
      expect(problem.code).toBe("unreadable");
      expect(problem.title).toContain("502");
    }
  });

  it("turns any failure into one", () => {
    const problem = new Problem(0, "unreachable", "No answer", "Try again.");
    expect(asProblem(problem)).toBe(problem);
    expect(asProblem(new TypeError("x")).code).toBe("unexpected");
  });
});

describe("reconnecting", () => {
  it("waits longer each time up to a limit, and not in step with others", () => {
    expect([0, 1, 2, 3, 9].map((attempt) => pauseBefore(attempt, 0))).toEqual([500, 1000, 2000, 4000, 10_000]);
    expect(pauseBefore(9, 0.999)).toBeGreaterThanOrEqual(5000);
  });
});

describe("microphone", () => {
  it("names what a person can act on", () => {
    expect(
      ["NotAllowedError", "NotFoundError", "NotReadableError", "AbortError", "OverconstrainedError", "?"].map(failureFrom),
    ).toEqual(["denied", "none", "in_use", "in_use", "none", "unknown"]);
  });

  it("meters from silence to a raised voice", () => {
    expect(levelOf(new Float32Array(64))).toBe(0);
    expect(levelOf(new Float32Array(64).fill(0.5))).toBe(1);
    const quiet = levelOf(new Float32Array(64).fill(0.01));
    expect(quiet).toBeGreaterThan(0.3);
    expect(quiet).toBeLessThan(0.6);
  });
});

describe("figures as people read them", () => {
  it("formats times, ages and counts", () => {
    expect([0, 75, 3725].map(clock)).toEqual(["0:00", "1:15", "1:02:05"]);
    expect([340, 2400].map(age)).toEqual(["340 ms", "2.4 s"]);
    expect([counted(1, "flag"), counted(1200, "frame")]).toEqual(["1 flag", "1,200 frames"]);
    expect(bucket(2)).toBe("0:20 to 0:30");
    expect(words("card_digits-requested")).toBe("Card digits requested");
  });

  it("says why there is no score, from a code or a sentence", () => {
    expect(notScored("patient_declined")).toBe("Not scored: the caller chose no analysis");
    expect(notScored("Not scored: shorter than 20 seconds.")).toBe("Not scored: shorter than 20 seconds.");
    expect(notScored("odd_code")).toBe("Not scored: Odd code");
    expect(notScored(null)).toBe("Not scored");
  });

  it("adds up points over what applied", () => {
    const one = {
      criterion: "a",
      label: "A",
      hits: 0,
      leg: null,
      first_bucket: null,
      option: null,
      reason: null,
      automatic_fail: "none",
    } as const;
    expect(
      points([
        { ...one, weight: 10, state: "met", points: 10 },
        { ...one, weight: 20, state: "not_met", points: 0 },
        { ...one, weight: 8, state: "partly_met", points: 4 },
        { ...one, weight: 5, state: "not_applicable", points: null },
        { ...one, weight: 5, state: "insufficient", points: null },
      ]),
    ).toEqual({ reached: 14, applied: 38 });
  });
});
