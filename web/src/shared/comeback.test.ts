import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Comeback, type Outcome } from "./comeback";

/** What each try came to, and when it was made (milliseconds of the virtual clock). */
class Tries {
  readonly at: number[] = [];
  over = 0;
  outcome: Outcome = "again";
  readonly comeback = new Comeback({
    attempt: async () => {
      this.at.push(Date.now());
      return this.outcome;
    },
    onOver: () => {
      this.over += 1;
    },
  });
}

async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

describe("coming back", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("gives a weak link two seconds to mend itself", async () => {
    const tries = new Tries();
    tries.comeback.linkChanged("weak");
    await pass(1900);
    tries.comeback.linkChanged("connected");
    await pass(60_000);
    expect(tries.at).toEqual([]);
    tries.comeback.linkChanged("weak");
    await pass(2000);
    expect(tries.at).toHaveLength(1);
  });

  it("tries at once after a failure, then after 1, 2, 4 and 4 seconds", async () => {
    const tries = new Tries();
    tries.comeback.linkChanged("failed");
    await pass(11_000);
    expect(tries.at).toEqual([0, 1000, 3000, 7000, 11_000]);
  });

  it("tries at once when the computer is on a network again", async () => {
    const tries = new Tries();
    tries.comeback.linkChanged("failed");
    await pass(3500);
    tries.comeback.now();
    await pass(0);
    expect(tries.at).toEqual([0, 1000, 3000, 3500]);
  });

  it("waits for an answered offer to connect, and is done when it does", async () => {
    const tries = new Tries();
    tries.outcome = "answered";
    tries.comeback.now();
    await pass(4000);
    expect(tries.at).toEqual([0]);
    tries.comeback.linkChanged("connected");
    await pass(60_000);
    expect(tries.at).toEqual([0]);
    expect(tries.over).toBe(0);
  });

  it("tries again when the answered offer does not connect", async () => {
    const tries = new Tries();
    tries.outcome = "answered";
    tries.comeback.now();
    await pass(1500);
    tries.comeback.linkChanged("failed");
    await pass(1000);
    expect(tries.at).toEqual([0, 2500]);
  });

  it("stops when there is no call to return to, and says so once", async () => {
    const tries = new Tries();
    tries.outcome = "over";
    tries.comeback.linkChanged("failed");
    await pass(60_000);
    expect(tries).toMatchObject({ at: [0], over: 1 });
  });

  it("gives up after about half a minute", async () => {
    const tries = new Tries();
    tries.comeback.linkChanged("failed");
    await pass(29_000);
    expect(tries.over).toBe(0);
    await pass(60_000);
    expect(tries.over).toBe(1);
    expect(tries.at).toHaveLength(9);
  });
});
