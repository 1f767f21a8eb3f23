import { useEffect, useRef } from "preact/hooks";
import type { Caption } from "../shared/contract";
import { Icon } from "../shared/ui/icons";
import type { Desk } from "./desk";
import { keyLabel, keyShortcut } from "./shortcuts";

interface Props {
  readonly desk: Desk;
  readonly on: boolean;
  readonly captions: readonly Caption[];
  readonly declined: boolean;
}

export function Captions({ desk, on, captions, declined }: Props) {
  return (
    <section class="panel captions" aria-labelledby="captions">
      <div class="row">
        <h2 id="captions">
          Captions <span class="tag">not stored</span>
        </h2>
        <button
          type="button"
          role="switch"
          aria-checked={on}
          aria-label="Captions"
          aria-keyshortcuts={keyShortcut("captions")}
          onClick={() => desk.setCaptions(!on)}
        >
          <Icon name="captions" /> {on ? "On" : "Off"}
          <kbd aria-hidden="true">{keyLabel("captions")}</kbd>
        </button>
      </div>
      {on ? <Log captions={captions} declined={declined} /> : <Hint />}
    </section>
  );
}

function Hint() {
  return (
    <p class="hint">
      While off, no words are shown. Those that tick a criterion stay in this page's memory until a minute after the call,
      to show you why.
    </p>
  );
}

/** A log for those who look for one, silent by itself: read aloud, it would talk over the caller. */
function Log({ captions, declined }: { readonly captions: readonly Caption[]; readonly declined: boolean }) {
  const log = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    if (log.current !== null && atEnd.current) {
      log.current.scrollTop = log.current.scrollHeight;
    }
  }, [captions]);
  const scrolled = (element: HTMLDivElement): void => {
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
  };
  return (
    <div
      ref={log}
      class="caption-log"
      role="log"
      aria-live="off"
      aria-label="Captions of this call"
      tabIndex={0}
      onScroll={(event) => scrolled(event.currentTarget)}
    >
      {captions.length === 0 && <p class="hint">{declined ? "Nobody is listening to this call." : "Waiting for words…"}</p>}
      <ol>
        {captions.map((caption) => (
          <li key={caption.id} class={caption.final ? caption.leg : `${caption.leg} partial`}>
            <strong>{caption.leg === "agent" ? "You" : "Caller"}</strong> <span>{caption.text}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
