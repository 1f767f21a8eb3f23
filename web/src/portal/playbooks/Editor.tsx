import type { Ref } from "preact";
import { useRef } from "preact/hooks";

interface Props {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly rows: number;
  readonly field: Ref<HTMLTextAreaElement>;
  /** Lines with a fault, from 1. */
  readonly faulty: readonly number[];
  readonly readOnly: boolean;
  readonly onValue: (value: string) => void;
}

/** A text field with line numbers. Nothing else: Tab goes on to the next control, the browser's own undo works. */
export function Editor({ id, label, hint, value, rows, field, faulty, readOnly, onValue }: Props) {
  const numbers = useRef<HTMLPreElement>(null);
  const marked = new Set(faulty);
  const count = value.split("\n").length;
  const column = Array.from({ length: count }, (_, n) => (marked.has(n + 1) ? `▸ ${n + 1}` : `${n + 1}`)).join("\n");
  return (
    <div class="editor-field">
      <label htmlFor={id}>{label}</label>
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
      <div class="editor" data-faulty={faulty.length > 0}>
        <pre ref={numbers} aria-hidden="true">
          {column}
        </pre>
        <textarea
          id={id}
          ref={field}
          rows={rows}
          wrap="off"
          value={value}
          readOnly={readOnly}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          aria-invalid={faulty.length > 0}
          aria-describedby={`${id}-hint`}
          onInput={(event) => onValue(event.currentTarget.value)}
          onScroll={(event) => {
            if (numbers.current !== null) {
              numbers.current.scrollTop = event.currentTarget.scrollTop;
            }
          }}
        />
      </div>
    </div>
  );
}
