import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem, post, type Problem, put } from "../../shared/api";
import type { Draft, Fault, PracticePlaybook } from "../../shared/contract";
import { minute } from "../../shared/format";
import { Icon } from "../../shared/ui/icons";
import { Message } from "../../shared/ui/message";
import { mark, useWarningBeforeLeaving } from "../typing";
import { type Typed, TooLarge, textOf } from "./draft";
import { Editor } from "./Editor";
import { FaultList, faultsTitle } from "./FaultList";
import { tooLarge } from "./NewPlaybook";
import { Publishing } from "./Publishing";

interface Props {
  readonly playbook: PracticePlaybook;
  readonly draft: Draft;
  readonly typed: Typed | null;
  readonly onTyped: (typed: Typed | null) => void;
  readonly onSaved: (playbook: PracticePlaybook) => void;
  readonly onPublished: (playbook: PracticePlaybook) => void;
  readonly onDiscarded: () => void;
}

type Saving =
  | { readonly state: "idle" | "saving" | "saved" }
  | { readonly state: "failed"; readonly problem: Problem };

/** Writing: the playbook, its cases, and what is wrong with them; then running and publishing. */
export function DraftSection({ playbook, draft, typed, onTyped, onSaved, onPublished, onDiscarded }: Props) {
  const [saving, setSaving] = useState<Saving>({ state: "idle" });
  const yaml = useRef<HTMLTextAreaElement>(null);
  const cases = useRef<HTMLTextAreaElement>(null);
  const faults = useRef<HTMLDivElement>(null);
  const text: Typed = typed ?? draft;
  const address = `/api/playbooks/${playbook.id}/draft`;
  useWarningBeforeLeaving(typed !== null);
  useEffect(() => {
    if (saving.state === "saved" && draft.faults.length > 0) {
      faults.current?.querySelector<HTMLElement>("[tabindex]")?.focus();
    }
  }, [saving, draft]);

  const change = (part: Partial<Typed>): void => {
    const next = { source: text.source, cases: text.cases, starter_cases: text.starter_cases, ...part };
    const kept = next.source === draft.source && next.cases === draft.cases && next.starter_cases === draft.starter_cases;
    onTyped(kept ? null : next);
    setSaving({ state: "idle" });
  };
  /** The playbook as saved; null when it could not be. */
  const save = async (): Promise<PracticePlaybook | null> => {
    if (saving.state === "saving") {
      return null;
    }
    setSaving({ state: "saving" });
    const { source, cases: own, starter_cases } = text;
    try {
      const saved = await put<PracticePlaybook>(address, { source, cases: own, starter_cases, revision: draft.revision });
      onTyped(null);
      onSaved(saved);
      setSaving({ state: "saved" });
      return saved;
    } catch (error) {
      setSaving({ state: "failed", problem: asProblem(error) });
      return null;
    }
  };
  useSaveKey(() => void save());
  const discard = async (): Promise<void> => {
    try {
      await post(`${address}/discard`);
      onDiscarded();
    } catch (error) {
      setSaving({ state: "failed", problem: asProblem(error) });
    }
  };
  const take = async (part: "source" | "cases", file: File | undefined): Promise<void> => {
    if (file === undefined) {
      return;
    }
    try {
      change({ [part]: (await textOf(file)).replaceAll("\r\n", "\n") });
    } catch (error) {
      setSaving({ state: "failed", problem: error instanceof TooLarge ? tooLarge(error) : asProblem(error) });
    }
  };
  const goTo = (where: Fault["where"], line: number): void => {
    const field = where === "cases" ? cases.current : yaml.current;
    if (field !== null) {
      mark(field, line - 1);
    }
  };
  const linesOf = (where: Fault["where"]): number[] =>
    draft.faults.filter((fault) => fault.where === where).map((fault) => fault.line);
  return (
    <>
      <form
        class="panel draft"
        noValidate
        aria-labelledby="draft"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <h2 id="draft">Draft</h2>
        <p class="hint">
          Saved {minute(draft.saved_at)} by {draft.saved_by}. The number in “version” is set when it is published.
        </p>
        <div ref={faults}>
          {draft.faults.length > 0 && (
            <FaultList
              id="faults"
              title={faultsTitle(draft.faults)}
              faults={draft.faults}
              onGo={(fault) => goTo(fault.where, fault.line)}
            />
          )}
        </div>
        {saving.state === "failed" && (
          <Message tone="error" title={saving.problem.title}>
            {saving.problem.detail}
          </Message>
        )}
        <Editor
          id="yaml"
          label="Playbook (YAML)"
          hint="Conditions, triggers, criteria and flags. A condition lists what is said; a trigger shows a card."
          value={text.source}
          rows={24}
          field={yaml}
          faulty={linesOf("playbook")}
          readOnly={saving.state === "saving"}
          onValue={(source) => change({ source })}
        />
        <div class="row files">
          <FileChoice label="Replace with a file" accept=".yaml,.yml,.txt" onFile={(file) => void take("source", file)} />
          <a href={`${address}/playbook.yaml`} download>
            Download what is saved
          </a>
        </div>
        <Editor
          id="cases"
          label="Your cases (one line of JSON each)"
          hint={'{"id": "heart-1", "speaker": "patient", "text": "…", "expect": ["chest_pain"], "not": []}'}
          value={text.cases}
          rows={8}
          field={cases}
          faulty={linesOf("cases")}
          readOnly={saving.state === "saving"}
          onValue={(own) => change({ cases: own })}
        />
        <p class="never">
          <Icon name="warning" />
          <span>
            <strong>Never a patient's words.</strong> Make sentences up. They are stored, and other managers of your
            practice read them.
          </span>
        </p>
        <div class="row files">
          <FileChoice label="Replace with a file" accept=".jsonl,.json,.txt" onFile={(file) => void take("cases", file)} />
        </div>
        {playbook.starter !== null && (
          <label class="check">
            <input
              type="checkbox"
              checked={text.starter_cases}
              onChange={(event) => change({ starter_cases: event.currentTarget.checked })}
            />
            <span>
              Run our cases for {playbook.starter} too. Untick it only if your practice leaves out a safety cue on
              purpose.
            </span>
          </label>
        )}
        <div class="row">
          <button type="submit" class="primary" aria-disabled={saving.state === "saving"}>
            {saving.state === "saving" ? "Saving…" : "Save and check"}
          </button>
          <button type="button" onClick={() => void discard()}>
            Discard the draft
          </button>
          <p role="status" class={saving.state === "saved" && draft.faults.length === 0 ? "complete" : "hint"}>
            {saving.state === "saved" && draft.faults.length === 0 && (
              <>
                <Icon name="tick" />
                Saved. Nothing is wrong with it.
              </>
            )}
          </p>
          {typed !== null && saving.state !== "saving" && <p class="hint">Not saved yet (Ctrl+S saves)</p>}
        </div>
      </form>
      <Publishing
        playbook={playbook}
        draft={draft}
        unsaved={typed !== null}
        save={save}
        onGoToCase={(line) => goTo("cases", line)}
        onPublished={onPublished}
      />
    </>
  );
}

/** Ctrl+S, or ⌘S, as in any editor. */
function useSaveKey(save: () => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.key === "s" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        save();
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });
}

interface FileProps {
  readonly label: string;
  readonly accept: string;
  readonly onFile: (file: File | undefined) => void;
}

function FileChoice({ label, accept, onFile }: FileProps) {
  return (
    <label class="file">
      <span>{label}</span>
      <input
        type="file"
        accept={accept}
        onChange={(event) => {
          onFile(event.currentTarget.files?.[0]);
          event.currentTarget.value = "";
        }}
      />
    </label>
  );
}
