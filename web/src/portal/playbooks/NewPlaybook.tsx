import { useState } from "preact/hooks";
import { asProblem, post, Problem } from "../../shared/api";
import type { NewPlaybook as Begun, PracticePlaybook, StarterPlaybook } from "../../shared/contract";
import { count } from "../../shared/format";
import { Message } from "../../shared/ui/message";
import type { View } from "../address";
import { TooLarge, textOf } from "./draft";

interface Props {
  readonly starters: readonly StarterPlaybook[];
  readonly go: (view: View) => void;
}

/** From one of ours, or from a file. Both lead to a draft; calls do not change. */
export function NewPlaybook({ starters, go }: Props) {
  const [chosen, setChosen] = useState(starters[0]?.name ?? "");
  const [name, setName] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const starter = starters.find((one) => one.name === chosen);

  const begin = async (begun: () => Promise<Begun>): Promise<void> => {
    if (busy) {
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      const playbook = await post<PracticePlaybook>("/api/playbooks", await begun());
      go({ page: "playbook", id: playbook.id });
    } catch (error) {
      setBusy(false);
      setProblem(error instanceof TooLarge ? tooLarge(error) : asProblem(error));
    }
  };
  return (
    <section class="panel new-playbook" aria-labelledby="new">
      <h2 id="new">Start a playbook</h2>
      {problem !== null && (
        <Message tone="error" title={problem.title}>
          {problem.detail}
        </Message>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void begin(async () => ({ starter: chosen, name: name ?? chosen, source: null }));
        }}
      >
        <label class="field">
          <span>Begin with one of ours</span>
          <select
            value={chosen}
            onChange={(event) => {
              setChosen(event.currentTarget.value);
              setName(null);
            }}
          >
            {starters.map((one) => (
              <option key={one.name} value={one.name}>
                {one.title} ({one.language}, {one.country})
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Its name: small letters, digits and hyphens</span>
          <input
            type="text"
            value={name ?? chosen}
            maxLength={64}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {starter !== undefined && (
          <p class="hint">
            Under the name {starter.name} it takes the place of ours on every line that uses it, once it is published.
            {starter.cases > 0 && ` ${count(starter.cases)} cases come with it.`}{" "}
            <a href={`/api/starter-playbooks/${starter.name}/playbook.yaml`} download>
              Download ours (YAML)
            </a>
          </p>
        )}
        <button type="submit" class="primary" aria-disabled={busy}>
          Start from ours
        </button>
      </form>
      <label class="field">
        <span>Or begin with a file (YAML, at most 400 kB)</span>
        <input
          type="file"
          accept=".yaml,.yml,.txt"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            if (file !== undefined) {
              void begin(async () => ({ starter: null, name: null, source: await textOf(file) }));
            }
            event.currentTarget.value = "";
          }}
        />
      </label>
    </section>
  );
}

export function tooLarge(error: TooLarge): Problem {
  return new Problem(413, "too-large", "This file is too large", error.message);
}
