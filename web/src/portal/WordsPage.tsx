import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem, type Problem, put } from "../shared/api";
import type { PracticeWords } from "../shared/contract";
import { counted } from "../shared/format";
import { Icon } from "../shared/ui/icons";
import { Message } from "../shared/ui/message";
import { useLoaded } from "./load";
import { mark, useWarningBeforeLeaving } from "./typing";
import { listed, MOST } from "./words";

const ADDRESS = "/api/practice/vocabulary";

interface Props {
  /** Typed and not saved; it outlives a look at another page of the portal. */
  readonly draft: string | null;
  readonly onDraft: (draft: string | null) => void;
}

/** A manager's list of names and words for the recogniser. */
export function WordsPage({ draft, onDraft }: Props) {
  const loaded = useLoaded<PracticeWords>(ADDRESS);
  return (
    <>
      <div class="heading">
        <h1>Words we use</h1>
        <p class="hint">
          So that live captions spell them as you do. The list is your practice's own, and counts from the next call on.
        </p>
      </div>
      {loaded.state === "loading" && <p role="status">Loading…</p>}
      {loaded.state === "failed" && (
        <Message tone="error" title={loaded.problem.title}>
          {loaded.problem.detail}
        </Message>
      )}
      {loaded.state === "here" && <WordsForm stored={loaded.value.words} draft={draft} onDraft={onDraft} />}
    </>
  );
}

type Saving =
  | { readonly state: "idle" | "saving" | "saved" }
  | { readonly state: "failed"; readonly problem: Problem; readonly line: number | null };

function WordsForm({ stored, draft, onDraft }: Props & { readonly stored: readonly string[] }) {
  const [kept, setKept] = useState(stored.join("\n"));
  const [saving, setSaving] = useState<Saving>({ state: "idle" });
  const field = useRef<HTMLTextAreaElement>(null);
  const text = draft ?? kept;
  useWarningBeforeLeaving(draft !== null);
  const marked = saving.state === "failed" ? saving.line : null;
  useEffect(() => {
    if (marked !== null && field.current !== null) {
      mark(field.current, marked);
    }
  }, [saving, marked]);

  const typed = (value: string): void => {
    onDraft(value === kept ? null : value);
    if (saving.state !== "saving") {
      setSaving({ state: "idle" });
    }
  };
  const save = async (): Promise<void> => {
    if (saving.state === "saving") {
      return;
    }
    setSaving({ state: "saving" });
    const { words, lines } = listed(text);
    try {
      const answer = await put<PracticeWords>(ADDRESS, { words });
      setKept(answer.words.join("\n"));
      onDraft(null);
      setSaving({ state: "saved" });
    } catch (error) {
      const problem = asProblem(error);
      setSaving({ state: "failed", problem, line: problem.at === null ? null : (lines[problem.at] ?? null) });
    }
  };
  return (
    <form
      class="panel words"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Guidance />
      <label htmlFor="words">One name or word on each line</label>
      <p class="hint" id="words-rules">
        2 to 40 characters: letters, digits, spaces, apostrophes, hyphens and full stops.
      </p>
      {saving.state === "failed" && <Refusal problem={saving.problem} line={saving.line} />}
      <textarea
        id="words"
        ref={field}
        rows={14}
        value={text}
        readOnly={saving.state === "saving"}
        spellcheck={false}
        autocomplete="off"
        aria-invalid={marked !== null}
        aria-describedby={marked === null ? "words-rules" : "words-fault words-rules"}
        onInput={(event) => typed(event.currentTarget.value)}
      />
      <Finish saving={saving.state} count={listed(text).words.length} unsaved={draft !== null} />
    </form>
  );
}

function Guidance() {
  return (
    <>
      <p>
        Clinicians, streets, hospitals and medicines that callers name and captions get wrong. A short list of what you
        need is better than a long one.
      </p>
      <ul class="advice">
        <li>Write “Dr Patel” if people say the title, “Patel” if they also say the name alone.</li>
        <li>If two medicines sound alike, list both.</li>
      </ul>
      <p class="never">
        <Icon name="warning" />
        <span>
          <strong>Never a patient's name.</strong> This list is stored, and goes with every call.
        </span>
      </p>
    </>
  );
}

/** Beside the field, and at the line where there is one; the field has the focus then, so it is not an alert. */
function Refusal({ problem, line }: { readonly problem: Problem; readonly line: number | null }) {
  if (line === null) {
    return (
      <Message tone="error" title={problem.title}>
        {problem.detail}
      </Message>
    );
  }
  return (
    <p class="fault" id="words-fault">
      <Icon name="error" />
      <span>
        <strong>Line {line + 1}:</strong> {problem.detail}
      </span>
    </p>
  );
}

interface FinishProps {
  readonly saving: Saving["state"];
  readonly count: number;
  readonly unsaved: boolean;
}

function Finish({ saving, count, unsaved }: FinishProps) {
  return (
    <div class="row">
      <button type="submit" class="primary" aria-disabled={saving === "saving"}>
        {saving === "saving" ? "Saving…" : "Save words"}
      </button>
      <p role="status" class={saving === "saved" ? "complete" : "hint"}>
        {saving === "saved" && (
          <>
            <Icon name="tick" />
            Saved. {count === 0 ? "The list is empty" : counted(count, "word")}, from the next call on.
          </>
        )}
      </p>
      {saving !== "saved" && (
        <p class="hint">
          {count} of {MOST}
          {unsaved && ", not saved yet"}
        </p>
      )}
    </div>
  );
}
