import { describe, expect, it } from "vitest";
import type { Caption, ChannelMessage, Ring, Scorecard } from "../shared/contract";
import { type Call, type Event, INITIAL, reduce, type State } from "./call";
import { captioned, hasQuotes, MOST_MS, named, NO_EVIDENCE, QUOTES_MS, quotesOf, settled } from "./evidence";

const WORDS = "good morning riverside surgery";
const CHATTER = "lovely weather we are having";

const RING: Ring = { type: "ring", call_id: "c", line: "Reception", since: "2026-01-05T08:00:00Z" };
const SCORECARD: Scorecard = {
  type: "scorecard",
  total: 80,
  reason: null,
  coverage: 0.9,
  criteria: [],
  flags: [],
  automatic_fail: "none",
};

function caption(id: string, text: string, final = true): Caption {
  return { type: "caption", id, leg: "agent", text, final, start: 0, end: 1 };
}

function tick(...utterances: string[]): ChannelMessage {
  return { type: "checklist", criterion: "greeting", state: "met", utterances };
}

function play(state: State, ...events: (Event | ChannelMessage)[]): State {
  return events.reduce<State>(
    (before, event) => reduce(before, isMessage(event) ? { type: "channel", message: event, now: 0 } : event),
    state,
  );
}

function isMessage(event: Event | ChannelMessage): event is ChannelMessage {
  return ["caption", "checklist", "scorecard"].includes(event.type);
}

function callOf(state: State): Call {
  if (state.call === null) {
    throw new Error("no call");
  }
  return state.call;
}

function quotes(state: State): readonly string[] {
  const { evidence } = callOf(state);
  return evidence === null ? [] : quotesOf(evidence, "greeting").map((quote) => quote.text);
}

const CONNECTED = play(
  INITIAL,
  { type: "answering", ring: RING },
  { type: "answered" },
  { type: "link", link: "connected", now: 0 },
);
const ENDED_AT = 90_000;
const ENDED: Event = { type: "ended", by: "agent", now: ENDED_AT };
const ENOUGH = [ENDED, SCORECARD, { type: "wrapped" }] as const;

describe("quoting", () => {
  it("finds the words of a tick, whichever came first, as they were understood last", () => {
    const first = captioned(named(NO_EVIDENCE, "greeting", ["a-1"]), caption("a-1", "good", false));
    expect(quotesOf(captioned(first, caption("a-1", WORDS)), "greeting")).toEqual([{ leg: "agent", text: WORDS }]);
    const later = captioned(captioned(NO_EVIDENCE, caption("a-1", WORDS)), caption("a-1", "good", false));
    expect(quotesOf(named(later, "greeting", ["a-1"]), "greeting")[0]?.text).toBe(WORDS);
  });

  it("invents nothing for words that never came", () => {
    expect(hasQuotes(named(NO_EVIDENCE, "greeting", ["a-1"]))).toBe(false);
  });

  it("keeps after the call only what ticked something", () => {
    const all = [caption("a-1", WORDS), caption("a-2", CHATTER)].reduce(captioned, NO_EVIDENCE);
    expect([...settled(named(all, "greeting", ["a-1"])).heard.keys()]).toEqual(["a-1"]);
  });
});

describe("in a call", () => {
  it("quotes also when captions are off, and what was recognised last", () => {
    const state = play(CONNECTED, caption("a-1", WORDS), ENDED, caption("a-2", "how can I help"), tick("a-1", "a-2"));
    expect(callOf(state).captions).toEqual([]);
    expect(quotes(state)).toEqual([WORDS, "how can I help"]);
  });

  it("forgets after a minute, and everything of the call that ticked nothing at once", () => {
    const state = play(CONNECTED, caption("a-1", WORDS), caption("a-2", CHATTER), tick("a-1"), ...ENOUGH);
    expect(JSON.stringify([...(callOf(state).evidence?.heard.values() ?? [])])).not.toContain(CHATTER);
    const late = play(state, { type: "tick", now: ENDED_AT + QUOTES_MS - 1 });
    expect(quotes(late)).toEqual([WORDS]);
    const gone = play(late, { type: "tick", now: ENDED_AT + QUOTES_MS });
    expect(callOf(gone).evidence).toBeNull();
    expect(callOf(gone).scorecard).toEqual(SCORECARD);
  });

  it("remembers a minute longer each time it is asked to, up to a bound", () => {
    let state = play(CONNECTED, caption("a-1", WORDS), tick("a-1"), ...ENOUGH);
    for (let now = ENDED_AT; now <= ENDED_AT + 2 * MOST_MS; now += QUOTES_MS / 2) {
      state = play(state, { type: "remembered_longer", now }, { type: "tick", now });
      expect(quotes(state).length > 0).toBe(now < ENDED_AT + MOST_MS);
    }
  });

  it("forgets when asked, also what is still on its way", () => {
    const state = play(CONNECTED, caption("a-1", WORDS), ENDED, { type: "forgotten" }, caption("a-1", WORDS), tick("a-1"));
    expect(callOf(state).evidence).toBeNull();
  });

  it("takes no more words once the connection is closed", () => {
    const state = play(CONNECTED, tick("a-1"), ...ENOUGH, caption("a-1", WORDS));
    expect(quotes(state)).toEqual([]);
  });

  it("forgets the words with the call", () => {
    expect(play(CONNECTED, caption("a-1", WORDS), tick("a-1"), ...ENOUGH, { type: "cleared" }).call).toBeNull();
  });
});
