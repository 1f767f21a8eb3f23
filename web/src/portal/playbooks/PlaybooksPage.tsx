import { useState } from "preact/hooks";
import { asProblem, type Problem, put } from "../../shared/api";
import type { LineUse, PlaybookRow, Playbooks } from "../../shared/contract";
import { minute } from "../../shared/format";
import { Icon } from "../../shared/ui/icons";
import { Message } from "../../shared/ui/message";
import type { View } from "../address";
import { Link } from "../Link";
import { useLoaded } from "../load";
import { NewPlaybook } from "./NewPlaybook";

type Go = (view: View) => void;

export const STATES: Record<PlaybookRow["state"], string> = {
  draft: "Draft, used by no call",
  published: "Published",
  archived: "Archived",
};

/** What the practice has, what we ship, and which line uses which. */
export function PlaybooksPage({ go }: { readonly go: Go }) {
  const loaded = useLoaded<Playbooks>("/api/playbooks");
  const [changed, setChanged] = useState<Playbooks | null>(null);
  return (
    <>
      <div class="heading">
        <h1>Playbooks</h1>
        <p class="hint">
          What calls are listened to for, which cards are shown, and what is scored. A new version counts for calls that
          begin after it was published.
        </p>
      </div>
      {loaded.state === "loading" && <p role="status">Loading…</p>}
      {loaded.state === "failed" && (
        <Message tone="error" title={loaded.problem.title}>
          {loaded.problem.detail}
        </Message>
      )}
      {loaded.state === "here" && <Everything all={changed ?? loaded.value} onChanged={setChanged} go={go} />}
    </>
  );
}

interface EverythingProps {
  readonly all: Playbooks;
  readonly onChanged: (all: Playbooks) => void;
  readonly go: Go;
}

function Everything({ all, onChanged, go }: EverythingProps) {
  return (
    <>
      <section class="panel" aria-labelledby="own">
        <h2 id="own">Your practice's playbooks</h2>
        {all.playbooks.length === 0 ? (
          <p>None yet: your calls use ours. Start one below, and change what you need.</p>
        ) : (
          <Own rows={all.playbooks} go={go} />
        )}
      </section>
      <Lines all={all} onChanged={onChanged} />
      <NewPlaybook starters={all.starters} go={go} />
    </>
  );
}

function Own({ rows, go }: { readonly rows: readonly PlaybookRow[]; readonly go: Go }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">State</th>
          <th scope="col">Version</th>
          <th scope="col">Since</th>
          <th scope="col">By</th>
          <th scope="col">Draft</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <th scope="row">
              <Link to={{ page: "playbook", id: row.id }} go={go}>
                {row.name}
              </Link>
            </th>
            <td data-label="State">{STATES[row.state]}</td>
            <td data-label="Version">{row.version ?? "–"}</td>
            <td data-label="Since">{row.published_at === null ? "–" : minute(row.published_at)}</td>
            <td data-label="By">{row.published_by ?? "–"}</td>
            <td data-label="Draft">{row.has_draft ? "Being written" : "None"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Saving =
  | { readonly state: "idle" | "saving" | "saved" }
  | { readonly state: "failed"; readonly problem: Problem };

function Lines({ all, onChanged }: Omit<EverythingProps, "go">) {
  const [chosen, setChosen] = useState<Readonly<Record<string, string>>>({});
  const [saving, setSaving] = useState<Saving>({ state: "idle" });
  const changes = all.lines.filter((line) => (chosen[line.id] ?? line.playbook) !== line.playbook);
  const save = async (): Promise<void> => {
    setSaving({ state: "saving" });
    try {
      for (const line of changes) {
        // One after the other: each answer is the whole page.
        // oxlint-disable-next-line no-await-in-loop
        onChanged(await put<Playbooks>(`/api/practice/lines/${line.id}/playbook`, { playbook: chosen[line.id] }));
      }
      setSaving({ state: "saved" });
    } catch (error) {
      setSaving({ state: "failed", problem: asProblem(error) });
    }
  };
  return (
    <section class="panel lines" aria-labelledby="lines">
      <h2 id="lines">Which playbook a line uses</h2>
      <p class="hint">A published playbook of yours takes the place of ours of the same name.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {all.lines.map((line) => (
          <LineChoice
            key={line.id}
            line={line}
            all={all}
            value={chosen[line.id] ?? line.playbook}
            onChoose={(playbook) => {
              setChosen({ ...chosen, [line.id]: playbook });
              setSaving({ state: "idle" });
            }}
          />
        ))}
        {saving.state === "failed" && (
          <Message tone="error" title={saving.problem.title}>
            {saving.problem.detail}
          </Message>
        )}
        <div class="row">
          <button type="submit" aria-disabled={changes.length === 0 || saving.state === "saving"}>
            Save lines
          </button>
          <p role="status" class={saving.state === "saved" ? "complete" : "hint"}>
            {saving.state === "saved" && (
              <>
                <Icon name="tick" />
                Saved, from the next call on.
              </>
            )}
          </p>
        </div>
      </form>
    </section>
  );
}

interface ChoiceProps {
  readonly line: LineUse;
  readonly all: Playbooks;
  readonly value: string;
  readonly onChoose: (playbook: string) => void;
}

function LineChoice({ line, all, value, onChoose }: ChoiceProps) {
  const own = all.playbooks.filter((row) => row.version !== null);
  const ours = all.starters.filter((starter) => own.every((row) => row.name !== starter.name));
  const known = [...own, ...ours].some((one) => one.name === value);
  return (
    <label class="field">
      <span>
        {line.line}
        {line.monitor && " (rings no person)"}
      </span>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {!known && <option value={value}>{value}: there is no such playbook, cues stay off</option>}
        {own.map((row) => (
          <option key={row.name} value={row.name}>
            {row.name}, your version {row.version}
          </option>
        ))}
        {ours.map((starter) => (
          <option key={starter.name} value={starter.name}>
            {starter.name}, our version {starter.version}
          </option>
        ))}
      </select>
    </label>
  );
}
