import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useStore } from "../shared/store";
import { Gate, useSession } from "../shared/ui/gate";
import { Masthead } from "../shared/ui/masthead";
import { Message } from "../shared/ui/message";
import type { Cue, Me } from "../shared/contract";
import { type Announcement, announcement } from "./announce";
import type { State } from "./call";
import { type CueAnswer, ending } from "./cues";
import { Desk } from "./desk";
import { InCall } from "./InCall";
import { Result } from "./Result";
import { type Action, actionOf } from "./shortcuts";
import { Standby } from "./Standby";

export function Softphone() {
  const [session, signedOut] = useSession();
  return (
    <Gate
      session={session}
      here="/softphone"
      purpose="Take calls"
      explanation="Sign in with your practice account. Calls then ring in this page."
    >
      {(me) => (me.roles.includes("agent") ? <AtTheDesk me={me} signedOut={signedOut} /> : <NotAnAgent me={me} />)}
    </Gate>
  );
}

function NotAnAgent({ me }: { readonly me: Me }) {
  return (
    <>
      <Masthead me={me} here="/softphone" />
      <main class="gate" id="main">
        <h1>This account does not take calls</h1>
        <p>
          Only receptionists answer calls here. <a href="/portal">Scores and your role's pages</a> are in the portal. If
          you should take calls, ask your practice's administrator for the agent role.
        </p>
      </main>
    </>
  );
}

function AtTheDesk({ me, signedOut }: { readonly me: Me; readonly signedOut: () => void }) {
  const desk = useMemo(() => new Desk(signedOut), [signedOut]);
  const state = useStore(desk.store);
  useShortcuts(desk);
  return (
    <>
      <Masthead me={me} here="/softphone" />
      <main class="desk" id="main">
        <h1 class="unseen">Softphone</h1>
        <Connection state={state} />
        {state.message !== null && (
          <Message tone={state.message.tone} title={state.message.title} onDismiss={() => desk.dismissMessage()}>
            {state.message.detail}
          </Message>
        )}
        <Now desk={desk} state={state} />
        <Announcer state={state} />
      </main>
    </>
  );
}

function Now({ desk, state }: { readonly desk: Desk; readonly state: State }) {
  const { call } = state;
  if (call === null) {
    return <Standby desk={desk} state={state} />;
  }
  if (call.phase === "wrapping" || call.phase === "over") {
    return <Result desk={desk} call={call} waiting={state.rings.length} />;
  }
  return <InCall desk={desk} call={call} state={state} />;
}

function Connection({ state }: { readonly state: State }) {
  if (state.socket !== "waiting") {
    return null;
  }
  return (
    <Message tone="warning" title="Not connected to the server. Trying again…">
      {state.call === null
        ? "Calls cannot ring here until the connection is back. Nothing for you to do."
        : "Your call goes on. Nothing for you to do."}
    </Message>
  );
}

function useShortcuts(desk: Desk): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const action = actionOf(event);
      if (action !== null) {
        event.preventDefault();
        perform(desk, action);
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [desk]);
}

function perform(desk: Desk, action: Action): void {
  const { state } = desk.store;
  const [ring] = state.rings;
  const cues = state.call?.cues;
  switch (action) {
    case "answer":
      if (ring !== undefined) {
        void desk.answer(ring);
      }
      break;
    case "mute":
      desk.toggleMute();
      break;
    case "hold":
      desk.toggleHold();
      break;
    case "listen_again":
      desk.resumeListening();
      break;
    case "hang_up":
      void desk.hangUp();
      break;
    case "captions":
      desk.setCaptions(!state.captionsOn);
      break;
    case "cue_reopen":
      if (cues?.later[0] !== undefined) {
        desk.reopenCue(cues.later[0].cue.id);
      }
      break;
    default:
      if (cues !== undefined && cues.shown !== null) {
        desk.answerCue(cues.shown.id, answerOf(action, cues.shown));
      }
  }
}

function answerOf(action: "cue_done" | "cue_not_relevant" | "cue_later", cue: Cue): CueAnswer {
  return action === "cue_done" ? ending(cue) : action === "cue_later" ? "later" : "not_relevant";
}

/** Both regions are on the page from the start and empty: a region that arrives with its text is often not read. */
function Announcer({ state }: { readonly state: State }) {
  const before = useRef(state);
  const [last, setLast] = useState<Announcement>({ text: "", urgent: false });
  useEffect(() => {
    const news = announcement(before.current, state);
    before.current = state;
    if (news !== null) {
      setLast(news);
    }
  }, [state]);
  return (
    <>
      <p class="unseen" role="status" aria-live="polite">
        {last.urgent ? "" : last.text}
      </p>
      <p class="unseen" aria-live="assertive" aria-atomic="true">
        {last.urgent ? last.text : ""}
      </p>
    </>
  );
}
