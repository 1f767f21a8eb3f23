import { describe, expect, it } from "vitest";
import type { Caption, ChannelMessage, Checklist, Listening, Notice, PurgeReceipt, Ring } from "../shared/contract";
import { announcement } from "./announce";
import { type Call, type Event, INITIAL, parseChannel, purged, reduce, type State } from "./call";
import { hasQuotes } from "./evidence";

const RING: Ring = { type: "ring", call_id: "c", line: "Reception", since: "2026-01-05T08:00:00Z" };
const CAPTION: Caption = { type: "caption", id: "1", leg: "patient", text: "my name is", final: true, start: 0, end: 1 };
const TICK: Checklist = { type: "checklist", criterion: "greeting", state: "met", utterances: ["1"] };
const LIVE: Notice = { type: "notice", code: "cues_live", severity: "info", text: "Cues are live." };

const RECEIPT: PurgeReceipt = {
  call_id: "c",
  frames_in: 500,
  bytes_in: 320_000,
  frames_heard: 400,
  frames_wiped: 500,
  oldest_sample_ms: 7000,
  oldest_in_media_ms: 60,
  wipe_ms: 300,
  wiped_at: "2026-01-05T08:10:00.000Z",
  complete: true,
  stopped_by: null,
  stopped_at_s: null,
  pauses: [],
  confinement: [],
  engines: {},
  hash: "ab",
};

function listening(number: number, state: Listening["state"], held = false): Listening {
  return { type: "listening", number, state, since: "2026-01-05T08:01:00.000Z", by: state === "stopped" ? "patient" : null, held };
}

function channel(message: ChannelMessage): Event {
  return { type: "channel", message, now: 0 };
}

function play(state: State, ...events: Event[]): State {
  return events.reduce(reduce, state);
}

function callOf(state: State): Call {
  if (state.call === null) {
    throw new Error("no call");
  }
  return state.call;
}

const CONNECTED = play(
  INITIAL,
  { type: "answering", ring: RING },
  { type: "answered" },
  { type: "link", link: "connected", now: 0 },
  { type: "captions", on: true },
  channel(LIVE),
  channel(CAPTION),
  channel(TICK),
);
const STOPPED = play(CONNECTED, channel(listening(3, "stopped")));

describe("whether the call is listened to", () => {
  it("is what media says last, whatever order it comes in", () => {
    const state = play(CONNECTED, channel(listening(4, "on")), channel(listening(3, "paused")), channel(listening(4, "on", true)));
    expect(callOf(state).listening).toMatchObject({ number: 4, state: "on", held: true });
  });

  it("forgets every word on the page when it is stopped, and takes no more", () => {
    const call = callOf(play(STOPPED, channel({ ...CAPTION, id: "2" })));
    expect(call.captions).toEqual([]);
    expect(call.evidence).toBeNull();
    const before = callOf(CONNECTED).evidence;
    expect(before !== null && hasQuotes(before)).toBe(true);
  });

  it("stays stopped, whatever the recogniser still says", () => {
    const state = play(
      STOPPED,
      channel(LIVE),
      channel({ ...LIVE, code: "cues_paused", severity: "warning" }),
      channel({ type: "hello", call_id: "c", analysed: true, playbook: "gp-reception", checklist: [] }),
    );
    expect(callOf(state)).toMatchObject({ cueState: "stopped", notice: null });
  });

  it("shows a wish until media has confirmed it, and none that is fulfilled", () => {
    const wished = play(CONNECTED, channel(listening(0, "on")), { type: "stopping" });
    expect(callOf(wished).stopping).toBe(true);
    expect(callOf(play(wished, channel(listening(1, "on", true)))).stopping).toBe(true);
    expect(callOf(play(wished, channel(listening(2, "stopped")))).stopping).toBe(false);
    expect(callOf(play(STOPPED, { type: "stopping" })).stopping).toBe(false);
  });

  it("is announced when it changes", () => {
    const on = play(CONNECTED, channel(listening(0, "on")));
    expect(announcement(on, STOPPED)?.text).toBe("Nothing is listened to any more. The caller stopped it.");
    expect(announcement(on, play(on, channel(listening(1, "paused"))))?.text).toBe("Listening is paused: card number");
    expect(announcement(on, play(on, channel(listening(1, "on", true))))?.text).toBe("On hold");
  });
});

describe("the purge receipt", () => {
  it("decides whether all is wiped, over any figure before", () => {
    const figures: ChannelMessage = {
      type: "pipeline",
      stage: "purge",
      buffered_ms: 0,
      oldest_sample_ms: 0,
      frames_in: 500,
      frames_wiped: 500,
    };
    const incomplete: ChannelMessage = { type: "purged", receipt: { ...RECEIPT, frames_wiped: 300, complete: false } };
    expect(purged(callOf(play(CONNECTED, channel({ type: "purged", receipt: RECEIPT }))))).toBe(true);
    expect(purged(callOf(play(CONNECTED, channel(incomplete), channel(figures))))).toBe(false);
  });

  it("is a message the page knows", () => {
    expect(parseChannel(JSON.stringify({ type: "purged", receipt: RECEIPT }))).toMatchObject({ receipt: { hash: "ab" } });
    expect(parseChannel(JSON.stringify(listening(1, "on")))).toMatchObject({ state: "on" });
  });
});
