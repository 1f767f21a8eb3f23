import type { RefObject } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { asProblem, type Problem } from "../api";
import type { Contest, ReviewStep } from "../contract";
import { minute } from "../format";
import { codeInWords, REASONS } from "../review";
import { STATE_WORDS } from "./criterion";
import { Message } from "./message";

const KINDS: Record<ReviewStep["kind"], string> = {
  contested: "Contested",
  upheld: "Upheld",
  revised: "Revised",
  fail_confirmed: "The call failed: confirmed",
  fail_dismissed: "The call did not fail: decided",
  acknowledged: "Acknowledged",
};

/** A step that was just taken has the focus: the form that took it is gone. */
export function Steps({ steps }: { readonly steps: readonly ReviewStep[] }) {
  const list = useRef<HTMLOListElement>(null);
  const before = useRef(steps.length);
  useEffect(() => {
    if (steps.length > before.current) {
      list.current?.focus();
    }
    before.current = steps.length;
  }, [steps.length]);
  if (steps.length === 0) {
    return null;
  }
  return (
    <ol class="steps" ref={list} tabIndex={-1}>
      {steps.map((step) => (
        <li key={step.kind}>
          <strong>
            {KINDS[step.kind]}
            {step.state !== null && ` to “${STATE_WORDS[step.state]}”`}
          </strong>{" "}
          by {step.by}, {minute(step.at)}: “{codeInWords(step.code)}”
        </li>
      ))}
    </ol>
  );
}

/** For the button that a form took the place of: it has the focus again when the form is closed. */
export function useFocusBack(open: boolean): RefObject<HTMLButtonElement | null> {
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(open);
  useEffect(() => {
    if (wasOpen.current && !open) {
      button.current?.focus();
    }
    wasOpen.current = open;
  }, [open]);
  return button;
}

interface ContestProps {
  /** What the criterion is called. */
  readonly label: string;
  /** Throws Problem. */
  readonly onContest: (reason: Contest["reason"]) => Promise<void>;
}

/** A button that opens a short form in its place. Reasons are chosen, not written: what is written is kept. */
export function ContestForm({ label, onContest }: ContestProps) {
  const [open, setOpen] = useState(false);
  const button = useFocusBack(open);
  if (!open) {
    return (
      <button type="button" class="quiet" ref={button} aria-label={`Contest: ${label}`} onClick={() => setOpen(true)}>
        Contest
      </button>
    );
  }
  return (
    <ChoiceForm
      title={`Contest “${label}”`}
      question="Why is it not right?"
      hint="Choose one. Nothing can be written here, because what is written is kept and would soon name a patient."
      choices={REASONS}
      send="Send to your manager"
      onSend={onContest}
      onCancel={() => setOpen(false)}
    />
  );
}

interface ChoiceProps<Code extends string> {
  readonly title: string;
  readonly question: string;
  readonly hint?: string;
  readonly choices: Readonly<Record<Code, string>>;
  readonly send: string;
  /** Throws Problem. */
  readonly onSend: (code: Code) => Promise<void>;
  readonly onCancel?: () => void;
}

/** One code out of a few. The focus goes to the first. */
export function ChoiceForm<Code extends string>(props: ChoiceProps<Code>) {
  const { title, question, hint, choices, send, onSend, onCancel } = props;
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const [code, setCode] = useState<Code | null>(null);
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => form.current?.querySelector("input")?.focus(), []);
  const submit = async (): Promise<void> => {
    if (code === null || sending) {
      return;
    }
    setSending(true);
    setProblem(null);
    try {
      await onSend(code);
    } catch (error) {
      setProblem(asProblem(error));
      setSending(false);
    }
  };
  return (
    <form
      class="choice"
      ref={form}
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <fieldset>
        <legend>{question}</legend>
        {hint !== undefined && <p class="hint">{hint}</p>}
        {(Object.entries(choices) as [Code, string][]).map(([value, words]) => (
          <label key={value} class="check">
            <input type="radio" name={id} value={value} checked={code === value} onChange={() => setCode(value)} />
            {words}
          </label>
        ))}
      </fieldset>
      {problem !== null && (
        <Message tone="error" title={problem.title}>
          {problem.detail}
        </Message>
      )}
      <div class="row">
        <button type="submit" class="primary" aria-disabled={code === null || sending ? true : undefined}>
          {sending ? "Sending…" : send}
        </button>
        {onCancel !== undefined && (
          <button type="button" class="quiet" onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
    </form>
  );
}
