import { type Action, keyLabel } from "./shortcuts";

const MEANINGS: readonly (readonly [Action, string])[] = [
  ["answer", "Answer the first caller"],
  ["mute", "Mute or unmute"],
  ["hold", "Hold, or talk again"],
  ["listen_again", "Listen again after a card number"],
  ["hang_up", "Hang up"],
  ["captions", "Captions on or off"],
  ["cue_done", "Cue: done, or acknowledged"],
  ["cue_not_relevant", "Cue: not relevant"],
  ["cue_later", "Cue: later"],
  ["cue_reopen", "Cue: back to the first put off"],
];

export function Keys() {
  return (
    <details class="panel keys">
      <summary>Keyboard shortcuts</summary>
      <dl>
        {MEANINGS.map(([action, meaning]) => (
          <div key={action}>
            <dt>
              <kbd>{keyLabel(action)}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
