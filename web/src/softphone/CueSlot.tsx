import { useEffect, useState } from "preact/hooks";
import type { Cue } from "../shared/contract";
import { clock, words } from "../shared/format";
import { Icon } from "../shared/ui/icons";
import type { Call } from "./call";
import { ending, needsAck, SETTLE_MS } from "./cues";
import type { Desk } from "./desk";
import { type Action, keyLabel, keyShortcut } from "./shortcuts";
import { cueStateOf, LANES } from "./words";

/** One card at a time, always in the same place and of the same size: nothing else on the page moves. */
export function CueSlot({ desk, call }: { readonly desk: Desk; readonly call: Call }) {
  const { shown, waiting } = call.cues;
  return (
    <section class="cue-slot" aria-label="Cue">
      {shown === null ? (
        <div class="cue-none">
          <p>{cueStateOf(call).detail}</p>
        </div>
      ) : (
        <Card key={shown.id} desk={desk} cue={shown} more={waiting.length} />
      )}
      <Later desk={desk} call={call} />
    </section>
  );
}

/** What was put off, in a strip that is always there: nothing moves when it fills. */
function Later({ desk, call }: { readonly desk: Desk; readonly call: Call }) {
  const { shown, later } = call.cues;
  const held = shown !== null && needsAck(shown);
  return (
    <div class="cue-later">
      {later.length > 0 && (
        <>
          <h3 id="cue-later">Later</h3>
          <ul aria-labelledby="cue-later">
            {later.map(({ cue }, place) => (
              <li key={cue.id}>
                <button
                  type="button"
                  class={cue.lane}
                  aria-disabled={held ? true : undefined}
                  aria-keyshortcuts={place === 0 ? keyShortcut("cue_reopen") : undefined}
                  onClick={() => desk.reopenCue(cue.id)}
                >
                  <span>{cue.title}</span>
                  {place === 0 && <kbd aria-hidden="true">{keyLabel("cue_reopen")}</kbd>}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function Card({ desk, cue, more }: { readonly desk: Desk; readonly cue: Cue; readonly more: number }) {
  const settled = useSettled();
  const lane = LANES[cue.lane];
  const hold = (held: boolean) => () => desk.holdCue(held);
  return (
    <article
      class={`cue ${cue.lane}`}
      aria-labelledby="cue-title"
      data-cue={cue.id}
      onPointerEnter={hold(true)}
      onPointerLeave={hold(false)}
      onFocusIn={hold(true)}
      onFocusOut={hold(false)}
    >
      <header>
        <Icon name={lane.icon} />
        <strong class="lane">{lane.word}</strong>
        <span class="label">{words(cue.label)}</span>
        <span class="at">
          {cue.leg === "patient" ? "caller" : "you"}, at {clock(cue.at)}
        </span>
        {more > 0 && <span class="more">{more} more waiting</span>}
      </header>
      <h2 id="cue-title">{cue.title}</h2>
      <p class="say">
        <span>Say</span>
        {cue.say}
      </p>
      {cue.do_not_say !== null && (
        <p class="do-not-say">
          <span>
            <Icon name="cross" />
            Do not say
          </span>
          {cue.do_not_say}
        </p>
      )}
      <footer>
        <CueButton action="cue_done" settled={settled} primary onClick={() => desk.answerCue(cue.id, ending(cue))}>
          {needsAck(cue) ? "Acknowledge" : "Done"}
        </CueButton>
        <CueButton action="cue_not_relevant" settled={settled} onClick={() => desk.answerCue(cue.id, "not_relevant")}>
          Not relevant
        </CueButton>
        {!needsAck(cue) && (
          <CueButton action="cue_later" settled={settled} onClick={() => desk.answerCue(cue.id, "later")}>
            Later
          </CueButton>
        )}
      </footer>
    </article>
  );
}

interface CueButtonProps {
  readonly action: Action;
  readonly settled: boolean;
  readonly primary?: boolean;
  readonly onClick: () => void;
  readonly children: string;
}

function CueButton({ action, settled, primary = false, onClick, children }: CueButtonProps) {
  return (
    <button
      type="button"
      class={primary ? "primary" : ""}
      aria-keyshortcuts={keyShortcut(action)}
      aria-disabled={settled ? undefined : true}
      onClick={onClick}
    >
      {children}
      <kbd aria-hidden="true">{keyLabel(action)}</kbd>
    </button>
  );
}

/** False for the first moment of a card: a click then was meant for the card before (cues.ts ignores it too). */
function useSettled(): boolean {
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), SETTLE_MS);
    return () => clearTimeout(timer);
  }, []);
  return settled;
}
