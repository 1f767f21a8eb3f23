import { describe, expect, it } from "vitest";
import type { CallerCallState, Line, Listening } from "../shared/contract";
import { type Event, INITIAL, parseListening, reduce, type State } from "./call";

const LINE: Line = { practice: "Riverside Surgery", line: "Reception", emergency_number: "999", open: true };

function play(state: State, ...events: Event[]): State {
  return events.reduce(reduce, state);
}

function told(state: CallerCallState["state"], by: CallerCallState["by"] = null, now = 0): Event {
  return { type: "signalled", message: { type: "call_state", state, by }, now };
}

function said(number: number, state: Listening["state"]): Event {
  const since = "2026-01-05T08:01:00.000Z";
  return { type: "listening", listening: { type: "listening", number, state, since, by: null, held: false } };
}

const NOTICE = play(INITIAL, { type: "line", line: LINE });
const RINGING = play(NOTICE, { type: "placing", analyse: true }, { type: "ringing" });
const CONNECTED = play(RINGING, told("answered", null, 1000));

describe("a call from the caller's side", () => {
  it("shows the notice first, and remembers the choice", () => {
    expect(NOTICE.phase).toBe("notice");
    expect(play(NOTICE, { type: "placing", analyse: false }).analyse).toBe(false);
  });

  it("rings, is answered, and ends once", () => {
    expect(RINGING.phase).toBe("ringing");
    expect(CONNECTED).toMatchObject({ phase: "connected", startedAt: 1000 });
    const over = play(CONNECTED, told("ended", "agent", 5000), { type: "ended", by: "patient", now: 6000 });
    expect(over).toMatchObject({ phase: "over", endedBy: "agent", endedAt: 5000 });
  });

  it("does not ring before its own connection is arranged", () => {
    expect(play(NOTICE, { type: "placing", analyse: true }, told("ringing")).phase).toBe("placing");
  });

  it("rings again when an answer was taken back", () => {
    expect(play(CONNECTED, told("ringing"))).toMatchObject({ phase: "ringing", startedAt: null });
  });

  it("goes back to the notice with the reason when the microphone or the server refuses", () => {
    const placing = play(NOTICE, { type: "placing", analyse: true });
    expect(play(placing, { type: "no_microphone", failure: "denied" })).toMatchObject({
      phase: "notice",
      microphone: "denied",
    });
    const trouble = { title: "No call can be taken", detail: "Try again." };
    expect(play(placing, { type: "not_placed", trouble })).toMatchObject({ phase: "notice", trouble });
  });

  it("keeps a hang-up against a late refusal", () => {
    const over = play(NOTICE, { type: "placing", analyse: true }, { type: "ended", by: "patient", now: 1 });
    expect(play(over, { type: "not_placed", trouble: { title: "x", detail: "y" } }).phase).toBe("over");
  });

  it("goes on through a weak and a lost connection, until nothing is left to return to", () => {
    const weak = play(CONNECTED, { type: "link", link: "weak" });
    expect(weak).toMatchObject({ phase: "connected", link: "weak" });
    const lost = play(weak, { type: "link", link: "failed" });
    expect(lost).toMatchObject({ phase: "connected", link: "failed", startedAt: 1000 });
    expect(play(lost, { type: "link", link: "connected" })).toMatchObject({ phase: "connected", link: "connected" });
    expect(play(lost, { type: "ended", by: "connection", now: 9 })).toMatchObject({ phase: "over", endedBy: "connection" });
  });

  it("says when reception is interrupted, and when it is back", () => {
    const away = play(CONNECTED, told("interrupted"));
    expect(away).toMatchObject({ phase: "connected", otherAway: true });
    expect(play(away, told("answered", null, 9000))).toMatchObject({ otherAway: false, startedAt: 1000 });
  });

  it("is where it was after a reload", () => {
    const talking = play(NOTICE, { type: "returning", analyse: false, muted: true, startedAt: -5000 });
    expect(talking).toMatchObject({ phase: "placing", analyse: false, muted: true, link: "weak", line: LINE });
    expect(play(talking, { type: "link", link: "connected" })).toMatchObject({ phase: "connected", startedAt: -5000 });
    const waiting = play(NOTICE, { type: "returning", analyse: true, muted: false, startedAt: null }, told("ringing"));
    expect(play(waiting, { type: "link", link: "connected" }).phase).toBe("ringing");
    expect(play(waiting, told("answered", null, 7))).toMatchObject({ phase: "connected", startedAt: 7 });
  });

  it("shows what media has confirmed of the listening, and the wish until then", () => {
    const wished = play(CONNECTED, said(0, "on"), { type: "stopping" });
    expect(wished.stopping).toBe(true);
    const stopped = play(wished, said(2, "stopped"), said(1, "on"));
    expect(stopped).toMatchObject({ stopping: false, listening: { state: "stopped" } });
    expect(play(stopped, { type: "stopping" }).stopping).toBe(false);
    expect(play(stopped, told("ended", "agent")).listening?.state).toBe("stopped");
    expect(play(stopped, told("ended", "agent"), { type: "again" }).listening).toBeNull();
  });

  it("takes nothing else from the channel", () => {
    expect(parseListening('{"type":"caption","text":"words"}')).toBeNull();
    expect(parseListening("null")).toBeNull();
    expect(parseListening("{")).toBeNull();
  });

  it("can call again", () => {
    expect(play(CONNECTED, told("ended", "agent"), { type: "again" })).toMatchObject({ phase: "notice", line: LINE });
  });
});
