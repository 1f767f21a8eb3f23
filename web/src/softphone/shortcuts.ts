// Keys of the softphone. All need two modifiers, so that typing or dictating never triggers one (WCAG 2.1.4).
// Read by position (`code`), not by letter: the same keys on every keyboard layout.

export type Action =
  | "answer"
  | "mute"
  | "hold"
  | "listen_again"
  | "hang_up"
  | "captions"
  | "cue_done"
  | "cue_not_relevant"
  | "cue_later"
  | "cue_reopen";

const CODES: Record<Action, readonly [code: string, key: string]> = {
  answer: ["KeyC", "C"],
  mute: ["KeyM", "M"],
  hold: ["KeyO", "O"],
  listen_again: ["KeyL", "L"],
  hang_up: ["KeyH", "H"],
  captions: ["KeyK", "K"],
  cue_done: ["Digit1", "1"],
  cue_not_relevant: ["Digit2", "2"],
  cue_later: ["Digit3", "3"],
  cue_reopen: ["Digit4", "4"],
};

const ACTIONS = new Map(Object.entries(CODES).map(([action, [code]]) => [code, action as Action]));

export interface Pressed {
  readonly code: string;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly repeat: boolean;
}

export function actionOf(pressed: Pressed): Action | null {
  const modified = pressed.altKey && pressed.shiftKey && !pressed.ctrlKey && !pressed.metaKey && !pressed.repeat;
  return modified ? (ACTIONS.get(pressed.code) ?? null) : null;
}

/** For aria-keyshortcuts. */
export function keyShortcut(action: Action): string {
  return `Alt+Shift+${CODES[action][1]}`;
}

/** As printed on this computer's keyboard. */
export function keyLabel(action: Action, platform: string = navigator.platform): string {
  const key = CODES[action][1];
  return /mac|iphone|ipad/i.test(platform) ? `⌥⇧${key}` : `Alt+Shift+${key}`;
}
