import { useState } from "preact/hooks";
import { asProblem, post, type Problem } from "../../shared/api";
import type { PracticePlaybook } from "../../shared/contract";
import { minute } from "../../shared/format";
import { Icon } from "../../shared/ui/icons";
import { Message } from "../../shared/ui/message";
import type { View } from "../address";
import { Link } from "../Link";
import { useLoaded } from "../load";
import type { Typed } from "./draft";
import { DraftSection } from "./DraftSection";
import { STATES } from "./PlaybooksPage";
import { Versions } from "./Versions";

interface Props {
  readonly id: string;
  readonly typed: Typed | null;
  readonly onTyped: (typed: Typed | null) => void;
  readonly go: (view: View) => void;
}

/** One playbook of the practice: what is published, what is being written, and every version. */
export function PlaybookPage({ id, typed, onTyped, go }: Props) {
  const loaded = useLoaded<PracticePlaybook>(`/api/playbooks/${encodeURIComponent(id)}`);
  const [changed, setChanged] = useState<PracticePlaybook | null>(null);
  return (
    <>
      <p class="crumbs">
        <Link to={{ page: "playbooks" }} go={go}>
          All playbooks
        </Link>
      </p>
      {loaded.state !== "here" && <h1 class="unseen">One playbook</h1>}
      {loaded.state === "loading" && <p role="status">Loading…</p>}
      {loaded.state === "failed" && (
        <Message tone="error" title={loaded.problem.title}>
          {loaded.problem.detail}
        </Message>
      )}
      {loaded.state === "here" && (
        <InFull playbook={changed ?? loaded.value} typed={typed} onTyped={onTyped} onChanged={setChanged} go={go} />
      )}
    </>
  );
}

interface InFullProps extends Omit<Props, "id"> {
  readonly playbook: PracticePlaybook;
  readonly onChanged: (playbook: PracticePlaybook) => void;
}

function InFull({ playbook, typed, onTyped, onChanged, go }: InFullProps) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const act = async (path: string, body: unknown, said: string | null): Promise<void> => {
    setProblem(null);
    setDone(null);
    try {
      onChanged(await post<PracticePlaybook>(`/api/playbooks/${playbook.id}/${path}`, body));
      setDone(said);
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  return (
    <>
      <div class="heading">
        <h1>{playbook.name}</h1>
        <Standing playbook={playbook} />
      </div>
      <p role="status" class={done === null ? "unseen" : "complete"}>
        {done !== null && (
          <>
            <Icon name="tick" />
            {done}
          </>
        )}
      </p>
      {problem !== null && (
        <Message tone="error" title={problem.title}>
          {problem.detail}
        </Message>
      )}
      {playbook.draft !== null && (
        <DraftSection
          playbook={playbook}
          draft={playbook.draft}
          typed={typed}
          onTyped={onTyped}
          onSaved={(saved) => {
            setDone(null);
            onChanged(saved);
          }}
          onPublished={(published) => {
            onTyped(null);
            onChanged(published);
            setDone(`Version ${published.versions[0]?.number} is published. Calls that begin from now on use it.`);
            document.querySelector<HTMLElement>("#main")?.focus();
            scrollTo(0, 0);
          }}
          onDiscarded={() => {
            onTyped(null);
            if (playbook.versions.length === 0) {
              go({ page: "playbooks" });
            } else {
              onChanged({ ...playbook, draft: null });
              setDone("The draft is gone.");
            }
          }}
        />
      )}
      {playbook.versions.length > 0 && (
        <Versions
          playbook={playbook}
          onBegin={(number) => void act("draft", { number }, null)}
          onArchive={() => void act("archive", undefined, "Archived. No call uses it from now on.")}
        />
      )}
    </>
  );
}

function Standing({ playbook }: { readonly playbook: PracticePlaybook }) {
  const [newest] = playbook.versions;
  const lines = playbook.lines.join(" and ");
  if (newest === undefined || playbook.state !== "published") {
    return (
      <p class="hint">
        {STATES[playbook.state]}.{lines !== "" && playbook.state === "draft" && ` Once published it is used on: ${lines}.`}
      </p>
    );
  }
  return (
    <p class="hint">
      Version {newest.number} is published since {minute(newest.published_at)}, by {newest.published_by}.{" "}
      {lines === "" ? "No line uses it yet: choose it for one on the page before." : `Used on: ${lines}.`}
    </p>
  );
}
