import { describe, expect, it } from "vitest";
import type { Caption, ChannelMessage, Cue, Pipeline, Ring, Scorecard } from "../shared/contract";
import { announcement } from "./announce";
import { type Call, type Event, INITIAL, MAX_CAPTIONS, pageState, parseChannel, purged, reduce, type State, valuesKept } from "./call";

const RING: Ring = { type: "ring", call_id: "c", line: "Reception", since: "2026-01-05T08:00:00Z" };

const CUE: Cue = {
  type: "cue",
  id: "1",
  lane: "safety",
  label: "Chest pain",
  title: "Use the urgent pathway",
  say: "Please call 999.",
  do_not_say: null,
  leg: "patient",
  at: 3,
  ttl_s: null,
  needs_ack: true,
};

const RESULT = { first_bucket: null, option: null, reason: null, automatic_fail: "none" } as const;

const SCORECARD: Scorecard = {
  type: "scorecard",
  total: 80,
  reason: null,
  coverage: 0.9,
  criteria: [
    {
      ...RESULT,
      criterion: "greeting",
      label: "Greeted",
      weight: 10,
      state: "met",
      hits: 1,
      leg: "agent",
      first_bucket: 0,
      points: 10,
    },
    { ...RESULT, criterion: "close", label: "Closed", weight: 5, state: "not_met", hits: 0, leg: null, points: 0 },
  ],
  automatic_fail: "none",
  flags: [{ code: "urgent", severity: "minor", about: "process" }],
};

function play(state: State, ...events: Event[]): State {
  return events.reduce(reduce, state);
}

function channel(message: ChannelMessage, now = 0): Event {
  return { type: "channel", message, now };
}

function caption(id: string, text: string, final = false, start = 0): Caption {
  return { type: "caption", id, leg: "patient", text, final, start, end: start + 1 };
}

function pipeline(stage: Pipeline["stage"], framesIn: number, framesWiped: number): Pipeline {
  return { type: "pipeline", stage, buffered_ms: 0, oldest_sample_ms: 0, frames_in: framesIn, frames_wiped: framesWiped };
}

const AVAILABLE = play(
  INITIAL,
  { type: "socket", state: "open" },
  { type: "wanted", value: true },
  { type: "signalled", message: { type: "presence", available: true }, now: 0 },
);
const RINGING = play(AVAILABLE, { type: "signalled", message: RING, now: 0 });
const ANSWERING = play(RINGING, { type: "answering", ring: RING });
const CONNECTED = play(ANSWERING, { type: "answered" }, { type: "link", link: "connected", now: 1000 });

function callOf(state: State): Call {
  if (state.call === null) {
    throw new Error("no call");
  }
  return state.call;
}

describe("before a call", () => {
  it("is available only when the server says so", () => {
    expect(pageState(play(INITIAL, { type: "wanted", value: true }))).toBe("away");
    expect(pageState(AVAILABLE)).toBe("available");
  });

  it("rings once per call, and stops when someone else answers", () => {
    const twice = play(RINGING, { type: "signalled", message: RING, now: 1 });
    expect(twice.rings).toHaveLength(1);
    expect(pageState(twice)).toBe("ringing");
    const stopped = play(twice, {
      type: "signalled",
      message: { type: "ring_stopped", call_id: "c", reason: "answered" },
      now: 2,
    });
    expect(pageState(stopped)).toBe("available");
  });

  it("tells a manager whose call may need them", () => {
    const told = play(RINGING, {
      type: "signalled",
      message: { type: "help_wanted", call_id: "x", agent: "Tom Hayes", line: "Reception", lane: "safety" },
      now: 2,
    });
    expect(told.message).toEqual({
      tone: "error",
      title: "Tom Hayes may need you",
      detail: "A safety card has come up in their call (Reception).",
    });
    expect(told.rings).toHaveLength(1);
  });

  it("does not ring while the server is away, nor after going away", () => {
    expect(pageState(play(RINGING, { type: "socket", state: "waiting" }))).toBe("away");
    expect(play(RINGING, { type: "wanted", value: false }).rings).toEqual([]);
  });
});

describe("answering", () => {
  const message = { tone: "error", title: "Someone else took it", detail: "" } as const;

  it("connects, and counts the time from the connection", () => {
    expect(pageState(ANSWERING)).toBe("answering");
    expect(callOf(CONNECTED)).toMatchObject({ phase: "connected", startedAt: 1000 });
    expect(callOf(play(CONNECTED, { type: "link", link: "connected", now: 9000 })).startedAt).toBe(1000);
  });

  it("rings again when answering failed and the caller still waits", () => {
    const state = play(ANSWERING, { type: "answer_failed", message, gone: false });
    expect(pageState(state)).toBe("ringing");
    expect(state.rings).toEqual([RING]);
    expect(state.message).toEqual(message);
  });

  it("is back on duty when the call is gone", () => {
    expect(pageState(play(ANSWERING, { type: "answer_failed", message, gone: true }))).toBe("available");
  });
});

describe("during a call", () => {
  it("shows a cue once, whatever the channel repeats", () => {
    const state = play(CONNECTED, channel(CUE), channel(CUE, 10));
    expect(callOf(state).cues.shown?.id).toBe("1");
    expect(callOf(state).cues.waiting).toEqual([]);
  });

  it("keeps no caption while captions are off, and forgets them when they go off", () => {
    expect(callOf(play(CONNECTED, channel(caption("u", "hello")))).captions).toEqual([]);
    const on = play(CONNECTED, { type: "captions", on: true }, channel(caption("u", "hello")));
    expect(callOf(on).captions).toHaveLength(1);
    expect(callOf(play(on, { type: "captions", on: false })).captions).toEqual([]);
  });

  it("replaces a partial, never a final, and orders by time", () => {
    const state = play(
      CONNECTED,
      { type: "captions", on: true },
      channel(caption("b", "later", true, 5)),
      channel(caption("a", "I ha", false, 1)),
      channel(caption("a", "I have a", true, 1)),
      channel(caption("a", "I ha", false, 1)),
    );
    expect(callOf(state).captions.map((one) => one.text)).toEqual(["I have a", "later"]);
  });

  it("keeps a bounded number of captions", () => {
    const many = Array.from({ length: MAX_CAPTIONS + 5 }, (_, index) =>
      channel(caption(`u${index}`, "word", true, index)),
    );
    const state = play(CONNECTED, { type: "captions", on: true }, ...many);
    expect(callOf(state).captions).toHaveLength(MAX_CAPTIONS);
    expect(callOf(state).captions[0]?.id).toBe("u5");
  });

  it("keeps a tick that overtakes the list", () => {
    const state = play(
      CONNECTED,
      channel({ type: "checklist", criterion: "greeting", state: "met", utterances: [] }),
      channel({
        type: "hello",
        call_id: "c",
        analysed: true,
        playbook: "gp-reception",
        checklist: [{ criterion: "greeting", label: "Greeted", weight: 10 }],
      }),
    );
    expect(callOf(state).checklist).toHaveLength(1);
    expect(callOf(state).ticks).toEqual({ greeting: "met" });
  });

  it("says whether cues are live, paused or declined", () => {
    const paused = play(
      CONNECTED,
      channel({ type: "notice", code: "cues_paused", severity: "warning", text: "No listener." }),
    );
    expect(callOf(paused)).toMatchObject({ cueState: "paused", notice: { text: "No listener." } });
    const live = play(paused, channel({ type: "notice", code: "cues_live", severity: "info", text: "Cues are live." }));
    expect(callOf(live)).toMatchObject({ cueState: "live", notice: null });
    const declined = play(
      CONNECTED,
      channel({ type: "hello", call_id: "c", analysed: false, playbook: "gp-reception", checklist: [] }),
    );
    expect(callOf(declined).cueState).toBe("declined");
  });

  it("survives a weak connection, and the loss of the server", () => {
    const weak = play(CONNECTED, { type: "link", link: "weak", now: 2000 }, { type: "socket", state: "waiting" });
    expect(callOf(weak)).toMatchObject({ phase: "connected", link: "weak" });
  });
});

describe("after a call", () => {
  const talked = play(CONNECTED, { type: "captions", on: true }, channel(caption("u", "hello")), channel(CUE));
  const wrapping = play(talked, { type: "ended", by: "agent", now: 5000 });

  it("forgets words and cues at hang-up and takes no more", () => {
    expect(callOf(wrapping)).toMatchObject({ phase: "wrapping", captions: [], endedBy: "agent", endedAt: 5000 });
    expect(callOf(wrapping).cues.shown).toBeNull();
    const late = play(wrapping, channel(caption("v", "late")), channel({ ...CUE, id: "2" }));
    expect(callOf(late).captions).toEqual([]);
    expect(callOf(late).cues.shown).toBeNull();
  });

  it("keeps who hung up first", () => {
    const again = play(wrapping, {
      type: "signalled",
      message: { type: "call_state", call_id: "c", state: "ended", by: "patient" },
      now: 6000,
    });
    expect(callOf(again).endedBy).toBe("agent");
  });

  it("ends with the scorecard when that is the first news of it, and learns later who hung up", () => {
    const scored = play(talked, channel(SCORECARD, 7000));
    expect(callOf(scored)).toMatchObject({ phase: "wrapping", endedBy: null, endedAt: 7000, captions: [] });
    const told = play(scored, {
      type: "signalled",
      message: { type: "call_state", call_id: "c", state: "ended", by: "patient" },
      now: 7100,
    });
    expect(callOf(told)).toMatchObject({ endedBy: "patient", endedAt: 7000, scorecard: SCORECARD });
  });

  it("ends when the connection fails", () => {
    expect(callOf(play(CONNECTED, { type: "ended", by: "connection", now: 1 })).endedBy).toBe("connection");
  });

  it("takes the scorecard and the purge figures, not older ones", () => {
    const scored = play(
      wrapping,
      channel(SCORECARD),
      channel(pipeline("purge", 500, 500)),
      channel(pipeline("live", 480, 400)),
    );
    expect(callOf(scored).scorecard?.total).toBe(80);
    expect(purged(callOf(scored))).toBe(true);
    expect(purged(callOf(play(wrapping, channel(pipeline("purge", 500, 499)))))).toBe(false);
  });

  it("counts what is kept: every value of the scorecard that is there", () => {
    expect(valuesKept(null)).toBe(0);
    // total, coverage, automatic_fail; 9 and 7 of the criteria; 3 of the flag.
    expect(valuesKept(SCORECARD)).toBe(22);
  });

  it("is ready for a caller who rang meanwhile", () => {
    const state = play(
      wrapping,
      { type: "signalled", message: { ...RING, call_id: "d" }, now: 1 },
      { type: "wrapped" },
      { type: "cleared" },
    );
    expect(pageState(state)).toBe("ringing");
  });
});

describe("what comes over the channel", () => {
  it("drops what is not a known message", () => {
    expect(parseChannel("{")).toBeNull();
    expect(parseChannel("null")).toBeNull();
    expect(parseChannel('{"type":"surprise"}')).toBeNull();
    expect(parseChannel(JSON.stringify(CUE))).toEqual(CUE);
  });
});

describe("what a screen reader is told", () => {
  it("interrupts for safety only", () => {
    const news = announcement(CONNECTED, play(CONNECTED, channel(CUE)));
    expect(news).toEqual({ text: "Safety: Use the urgent pathway. Say: Please call 999.", urgent: true });
    const coach = announcement(CONNECTED, play(CONNECTED, channel({ ...CUE, lane: "coach" })));
    expect(coach?.urgent).toBe(false);
  });

  it("cuts long cues and names calls and the microphone", () => {
    const long = announcement(CONNECTED, play(CONNECTED, channel({ ...CUE, say: "word ".repeat(60) })));
    expect(long?.text.length).toBeLessThanOrEqual(140);
    expect(announcement(AVAILABLE, RINGING)?.text).toBe("Incoming call on Reception");
    expect(announcement(CONNECTED, play(CONNECTED, { type: "muted", muted: true }))?.text).toBe("Microphone muted");
    expect(announcement(CONNECTED, CONNECTED)).toBeNull();
  });
});
