import { useEffect, useState } from "preact/hooks";
import { asProblem, get, post, postForLines, type Problem } from "../../shared/api";
import type { CannotRun, CaseRun, Draft, Fault, PracticePlaybook, RunAnswer, VersionText } from "../../shared/contract";
import { count } from "../../shared/format";
import { Message } from "../../shared/ui/message";
import { CaseRunView } from "./CaseRunView";
import { DifferenceView } from "./DifferenceView";

interface Props {
  readonly playbook: PracticePlaybook;
  readonly draft: Draft;
  readonly unsaved: boolean;
  readonly save: () => Promise<PracticePlaybook | null>;
  readonly onGoToCase: (line: number) => void;
  readonly onPublished: (playbook: PracticePlaybook) => void;
}

type Running =
  | { readonly state: "idle" }
  | { readonly state: "running"; readonly done: number; readonly of: number; readonly publishing: boolean }
  | { readonly state: "ran"; readonly result: CaseRun; readonly refused: Problem | null }
  | { readonly state: "failed"; readonly title: string; readonly reasons: readonly string[] };

/** What changed, what the cases say, and the button that makes it count. Each step saves first. */
export function Publishing({ playbook, draft, unsaved, save, onGoToCase, onPublished }: Props) {
  const [running, setRunning] = useState<Running>({ state: "idle" });
  useEffect(() => {
    if (unsaved) {
      setRunning((now) => (now.state === "running" ? now : { state: "idle" }));
    }
  }, [unsaved]);

  const run = async (publishing: boolean): Promise<void> => {
    if (running.state === "running") {
      return;
    }
    const saved = unsaved ? await save() : playbook;
    if (saved?.draft === null || saved === null || saved.draft.faults.length > 0) {
      return;
    }
    setRunning({ state: "running", done: 0, of: 0, publishing });
    try {
      const result = await ran(playbook.id, (done, of) => setRunning({ state: "running", done, of, publishing }));
      if (result.type === "cannot_run") {
        setRunning({ state: "failed", title: "The cases could not be run", reasons: result.faults.map(inWords) });
      } else if (publishing) {
        await publish(result, saved.draft.revision);
      } else {
        setRunning({ state: "ran", result, refused: null });
      }
    } catch (error) {
      const { title, detail } = asProblem(error);
      setRunning({ state: "failed", title, reasons: [detail] });
    }
  };
  const publish = async (result: CaseRun, revision: number): Promise<void> => {
    try {
      onPublished(await post<PracticePlaybook>(`/api/playbooks/${playbook.id}/publish`, { revision }));
    } catch (error) {
      setRunning({ state: "ran", result, refused: asProblem(error) });
    }
  };
  const held = running.state === "running" || (draft.faults.length > 0 && !unsaved);
  const [newest] = playbook.versions;
  return (
    <section class="panel publishing" aria-labelledby="publishing">
      <h2 id="publishing">Test and publish</h2>
      <Changes playbook={playbook} draft={draft} />
      <p class="hint">
        Publishing runs the cases first. If a safety case fails, nothing is published
        {newest === undefined ? "." : ` and version ${newest.number} stays in use.`}
      </p>
      <div class="row">
        <button type="button" aria-disabled={held} onClick={() => !held && void run(false)}>
          Run the cases
        </button>
        <button type="button" class="primary" aria-disabled={held} onClick={() => !held && void run(true)}>
          Publish
        </button>
        <Progress running={running} />
      </div>
      {running.state === "failed" && (
        <Message tone="error" title={running.title}>
          {running.reasons.join(" ")}
        </Message>
      )}
      {running.state === "ran" && running.refused !== null && (
        <Message tone="error" title={`Not published: ${running.refused.title.toLowerCase()}`}>
          <p>{running.refused.detail}</p>
          <ul>
            {running.refused.faults.map((fault) => (
              <li key={`${fault.where} ${fault.line} ${fault.reason}`}>{inWords(fault)}</li>
            ))}
          </ul>
        </Message>
      )}
      {running.state === "ran" && <CaseRunView result={running.result} onGo={onGoToCase} />}
    </section>
  );
}

async function ran(id: string, onProgress: (done: number, of: number) => void): Promise<CaseRun | CannotRun> {
  let last: RunAnswer | null = null;
  await postForLines<RunAnswer>(`/api/playbooks/${id}/draft/run`, (line) => {
    last = line;
    if (line.type === "progress") {
      onProgress(line.done, line.of);
    }
  });
  const end = last as RunAnswer | null;
  if (end === null || end.type === "progress") {
    return { type: "cannot_run", faults: [{ where: "playbook", line: 1, place: "", reason: "the run broke off" }] };
  }
  return end;
}

function inWords(fault: Fault): string {
  const file = { playbook: "the playbook", cases: "your cases", starter: "our cases" }[fault.where];
  return `Line ${fault.line} of ${file}: ${fault.reason}`;
}

function Progress({ running }: { readonly running: Running }) {
  const now = running.state === "running" ? running : null;
  return (
    <>
      {now !== null && now.of > 0 && <progress aria-label="Cases run" value={now.done} max={now.of} />}
      <p role="status" class="hint">
        {now !== null && (now.of > 0 ? `${count(now.of)} cases are being run…` : "Running the cases…")}
      </p>
    </>
  );
}

/** Against the newest version, or ours where nothing was published yet. Loaded when it is asked for. */
function Changes({ playbook, draft }: { readonly playbook: PracticePlaybook; readonly draft: Draft }) {
  const [base, setBase] = useState<VersionText | Problem | null>(null);
  const [newest] = playbook.versions;
  const address =
    newest === undefined
      ? `/api/starter-playbooks/${playbook.starter}`
      : `/api/playbooks/${playbook.id}/versions/${newest.number}`;
  if (newest === undefined && playbook.starter === null) {
    return null;
  }
  const than = newest === undefined ? `ours, ${playbook.starter}` : `version ${newest.number}`;
  const load = (): void => {
    if (base === null) {
      get<VersionText>(address).then(setBase, (error: unknown) => setBase(asProblem(error)));
    }
  };
  return (
    <details class="changes" onToggle={load}>
      <summary>What the saved draft changes in {than}</summary>
      {base === null && <p role="status">Loading…</p>}
      {base !== null && "source" in base && <DifferenceView than={than} before={base.source} after={draft.source} />}
      {base !== null && "detail" in base && (
        <Message tone="error" title={base.title}>
          {base.detail}
        </Message>
      )}
    </details>
  );
}
