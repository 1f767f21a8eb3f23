import { useEffect, useRef, useState } from "preact/hooks";
import { timeOfDay } from "../shared/format";
import { Icon } from "../shared/ui/icons";
import { Message } from "../shared/ui/message";
import type { Call } from "./call";
import type { Desk } from "./desk";
import { keyLabel, keyShortcut } from "./shortcuts";

interface Props {
  readonly desk: Desk;
  readonly call: Call;
}

/** Whether this call is listened to, as media has confirmed it, and what the agent can do about it. */
export function ListeningPanel({ desk, call }: Props) {
  const { listening } = call;
  if (listening === null) {
    return null;
  }
  return (
    <>
      {listening.held && (
        <Message tone="info" title="On hold">
          You and the caller do not hear each other, and nothing is listened to.
        </Message>
      )}
      {listening.state === "stopped" && (
        <Message tone="info" title={`Nothing is listened to since ${timeOfDay(listening.since)}`}>
          {listening.by === "patient" ? "The caller" : "You"} stopped it. It stays so for this call: no more cues, no
          score. What was heard is wiped.
        </Message>
      )}
      {listening.state === "paused" && <CardNumber desk={desk} />}
      {(listening.state === "on" || listening.state === "paused") && <Stop desk={desk} stopping={call.stopping} />}
    </>
  );
}

function CardNumber({ desk }: { readonly desk: Desk }) {
  return (
    <>
      <Message tone="warning" title="Listening is paused: card number">
        The caller's side is not listened to until you say so.
      </Message>
      <button type="button" class="control" aria-keyshortcuts={keyShortcut("listen_again")} onClick={() => desk.resumeListening()}>
        Listen again
        <kbd aria-hidden="true">{keyLabel("listen_again")}</kbd>
      </button>
    </>
  );
}

/** In two steps: there is no way back. */
function Stop({ desk, stopping }: { readonly desk: Desk; readonly stopping: boolean }) {
  const [asking, setAsking] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (asking) {
      first.current?.focus();
    }
  }, [asking]);
  if (stopping) {
    return <p role="status">Stopping the listening…</p>;
  }
  if (!asking) {
    return (
      <button type="button" class="control stop-listening" onClick={() => setAsking(true)}>
        <Icon name="deaf" /> Stop listening
      </button>
    );
  }
  return (
    <section class="panel stop-listening" aria-labelledby="stop-listening">
      <h2 id="stop-listening">Stop listening to this call?</h2>
      <p class="hint">For the rest of the call, without a way back: no more cues, and no score. You go on talking.</p>
      <button ref={first} type="button" class="control" onClick={() => desk.stopListening()}>
        <Icon name="deaf" /> Stop listening
      </button>
      <button type="button" class="control" onClick={() => setAsking(false)}>
        Go on listening
      </button>
    </section>
  );
}
