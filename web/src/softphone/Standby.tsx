import { useState } from "preact/hooks";
import type { CurrentCall, Ring } from "../shared/contract";
import { clock } from "../shared/format";
import { Icon } from "../shared/ui/icons";
import { useSeconds } from "../shared/ui/seconds";
import type { State } from "./call";
import type { Desk } from "./desk";
import { Keys } from "./Keys";
import { keyLabel, keyShortcut } from "./shortcuts";
import { SoundCheck } from "./SoundCheck";

interface Props {
  readonly desk: Desk;
  readonly state: State;
}

/** Between calls: on or off duty, who is waiting, and whether the headset works. */
export function Standby({ desk, state }: Props) {
  return (
    <div class="standby">
      <div class="standby-now">
        {state.returnable !== null && <Return desk={desk} current={state.returnable} />}
        {state.rings.length > 0 ? <Rings desk={desk} rings={state.rings} /> : <Duty desk={desk} state={state} />}
        {state.rings.length > 0 && (
          <p class="aside">
            <button type="button" class="quiet" onClick={() => desk.setWanted(false)}>
              Go away: stop ringing here
            </button>
          </p>
        )}
      </div>
      <div class="standby-side">
        <SoundCheck desk={desk} state={state} />
        <Keys />
      </div>
    </div>
  );
}

/** Only when it did not go on by itself: in a new window, or where the browser asks for the microphone first. */
function Return({ desk, current }: { readonly desk: Desk; readonly current: CurrentCall }) {
  return (
    <section class="ring first" aria-labelledby="return">
      <div>
        <h2 id="return">You are in a call</h2>
        <p class="ring-line">{current.line}</p>
        <p class="ring-wait">If it is open in another window, it moves here.</p>
      </div>
      <button type="button" class="answer large" onClick={() => desk.returnTo(current)}>
        <Icon name="phone" /> Return to the call
      </button>
    </section>
  );
}

function dutyOf(state: State): { word: string; detail: string } {
  if (state.available) {
    return { word: "You are available", detail: "The next call rings here. Your microphone is off until you answer." };
  }
  if (state.wanted) {
    return { word: "Going available…", detail: "Waiting for the server to confirm." };
  }
  return { word: "You are away", detail: "Calls do not ring here." };
}

function Duty({ desk, state }: Props) {
  const duty = dutyOf(state);
  const asking = state.microphone.status === "asking";
  return (
    <section class={`duty ${state.available ? "on" : "off"}`} aria-labelledby="duty">
      <span class="lamp" aria-hidden="true" />
      <h2 id="duty">{duty.word}</h2>
      <p role="status">{duty.detail}</p>
      {state.wanted ? (
        <button type="button" class="large" onClick={() => desk.setWanted(false)}>
          Go away
        </button>
      ) : (
        <button type="button" class="primary large" disabled={asking} onClick={() => void desk.goAvailable()}>
          {asking ? "Asking for the microphone…" : "Go available"}
        </button>
      )}
      {state.available && <Notifications />}
    </section>
  );
}

function Notifications() {
  const [permission, setPermission] = useState("Notification" in window ? Notification.permission : "denied");
  if (permission !== "default") {
    return null;
  }
  return (
    <p class="aside">
      <button type="button" class="quiet" onClick={() => void Notification.requestPermission().then(setPermission)}>
        Also show calls on the desktop
      </button>
    </p>
  );
}

function Rings({ desk, rings }: { readonly desk: Desk; readonly rings: readonly Ring[] }) {
  return (
    <ul class="rings" aria-label="Waiting callers">
      {rings.map((ring, index) => (
        <li key={ring.call_id} class={index === 0 ? "ring first" : "ring"}>
          <div>
            <h2>{index === 0 ? "Incoming call" : "Also waiting"}</h2>
            <p class="ring-line">{ring.line}</p>
            <Waiting since={ring.since} />
          </div>
          <button
            type="button"
            class="answer large"
            aria-keyshortcuts={index === 0 ? keyShortcut("answer") : undefined}
            onClick={() => void desk.answer(ring)}
          >
            <Icon name="phone" /> Answer
            {index === 0 && <kbd aria-hidden="true">{keyLabel("answer")}</kbd>}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Waiting({ since }: { readonly since: string }) {
  useSeconds();
  return <p class="ring-wait">waiting {clock((Date.now() - Date.parse(since)) / 1000)}</p>;
}
