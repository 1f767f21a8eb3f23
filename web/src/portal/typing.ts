// Text fields in which a line can be named: marking it, and not losing what was typed.

import { useEffect } from "preact/hooks";

/** Where a line begins and ends in the text, for marking it. */
export function rangeOf(text: string, line: number): readonly [number, number] {
  const before = text.split("\n").slice(0, line);
  const start = before.reduce((length, each) => length + each.length + 1, 0);
  const end = text.indexOf("\n", start);
  return [start, end === -1 ? text.length : end];
}

/** Selects a line, and brings it to the middle of what is seen: a selection alone does not scroll. */
export function mark(field: HTMLTextAreaElement, line: number): void {
  field.focus();
  field.setSelectionRange(...rangeOf(field.value, line));
  field.scrollTop = (field.scrollHeight * line) / field.value.split("\n").length - field.clientHeight / 2;
}

/** The browser asks before it throws away what was typed. */
export function useWarningBeforeLeaving(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) {
      return;
    }
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [unsaved]);
}
