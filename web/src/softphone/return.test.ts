import { describe, expect, it } from "vitest";
import type { AgentCallState, CurrentCall, Notice, Ring } from "../shared/contract";
import { type Event, INITIAL, pageState, reduce, type State } from "./call";

const RING: Ring = { type: "ring", call_id: "c", line: "Reception", since: "2026-01-05T08:00:00Z" };
const CURRENT: CurrentCall = { call_id: "c", line: "Reception", since: "2026-01-05T08:00:00Z", analyse: true };

function play(state: State, ...events: Event[]): State {
  return events.reduce(reduce, state);
}

function told(state: AgentCallState["state"], by: AgentCallState["by"] = null): Event {
  return { type: "signalled", message: { type: "call_state", call_id: "c", state, by }, now: 9000 };
}

function notice(code: string): Event {
  const message: Notice = { type: "notice", code, severity: "warning", text: "as media says it" };
  return { type: "channel", message, now: 0 };
}

const CONNECTED = play(
  INITIAL,
  { type: "answering", ring: RING },
  { type: "answered" },
  { type: "link", link: "connected", now: 1000 },
);
const RETURNING = play(INITIAL, { type: "returning", current: CURRENT, muted: true, startedAt: -60_000 });

describe("a call whose connection is lost", () => {
  it("goes on while the page connects again, and the time runs on", () => {
    const lost = play(CONNECTED, { type: "link", link: "failed", now: 5000 });
    expect(lost.call).toMatchObject({ phase: "connected", link: "failed", endedAt: null });
    const back = play(lost, { type: "link", link: "connected", now: 8000 });
    expect(back.call).toMatchObject({ phase: "connected", link: "connected", startedAt: 1000 });
  });

  it("ends when nothing is left to return to", () => {
    const over = play(CONNECTED, { type: "link", link: "failed", now: 5000 }, { type: "ended", by: "connection", now: 40_000 });
    expect(over.call).toMatchObject({ phase: "wrapping", endedBy: "connection" });
  });

  it("says that the caller is away, whichever path brings the news, until they are back", () => {
    for (const [away, back] of [
      [told("interrupted"), told("connected")],
      [notice("connection_lost"), notice("connection_restored")],
    ] as const) {
      const interrupted = play(CONNECTED, away);
      expect(interrupted.call).toMatchObject({ callerAway: true, phase: "connected" });
      expect(play(interrupted, back).call?.callerAway).toBe(false);
    }
  });
});

describe("a page that was reloaded", () => {
  it("is in its call again, muted as before, with the time since the answer", () => {
    expect(pageState(RETURNING)).toBe("connecting");
    expect(RETURNING.call).toMatchObject({ id: "c", muted: true, link: "weak", startedAt: -60_000 });
    const back = play(RETURNING, { type: "link", link: "connected", now: 2000 });
    expect(back.call).toMatchObject({ phase: "connected", startedAt: -60_000 });
  });

  it("offers the call it may not open by itself, until that is over", () => {
    const offered = play(INITIAL, { type: "returnable", current: CURRENT });
    expect(offered.returnable).toEqual(CURRENT);
    expect(play(offered, told("ended", "patient")).returnable).toBeNull();
    expect(play(offered, { type: "returning", current: CURRENT, muted: false, startedAt: 0 }).returnable).toBeNull();
    expect(play(CONNECTED, { type: "returnable", current: CURRENT }).returnable).toBeNull();
  });

  it("lets a call go that was taken to another window, and can take it back", () => {
    const moved = play(CONNECTED, { type: "moved", current: CURRENT });
    expect(moved).toMatchObject({ call: null, returnable: CURRENT });
  });
});
