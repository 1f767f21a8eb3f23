import { useEffect, useRef, useState } from "preact/hooks";
import type { Me } from "../shared/contract";
import { Gate, useSession } from "../shared/ui/gate";
import { Masthead } from "../shared/ui/masthead";
import { addressOf, ALL, type View, viewOf } from "./address";
import { CuesPage } from "./CuesPage";
import { EvaluationList } from "./EvaluationList";
import { EvaluationPage } from "./EvaluationPage";
import { Link } from "./Link";
import type { Typed } from "./playbooks/draft";
import { PlaybookPage } from "./playbooks/PlaybookPage";
import { PlaybooksPage } from "./playbooks/PlaybooksPage";
import { WordsPage } from "./WordsPage";

export function Portal() {
  const [session] = useSession();
  return (
    <Gate
      session={session}
      here="/portal"
      purpose="Scores"
      explanation="Sign in with your practice account to see the scores your role may see."
    >
      {(me) => (
        <>
          <Masthead me={me} here="/portal" />
          <main class="portal" id="main" tabIndex={-1}>
            {me.roles.includes("agent") || me.roles.includes("manager") ? <Scores me={me} /> : <NoScores me={me} />}
          </main>
        </>
      )}
    </Gate>
  );
}

function Scores({ me }: { readonly me: Me }) {
  const [view, setView] = useState<View>(viewOf(location.pathname, location.search));
  useEffect(() => {
    const moved = (): void => setView(viewOf(location.pathname, location.search));
    addEventListener("popstate", moved);
    return () => removeEventListener("popstate", moved);
  }, []);
  const go = (next: View): void => {
    history.pushState(null, "", addressOf(next));
    setView(next);
    scrollTo(0, 0);
  };
  const shown = useRef(view);
  useEffect(() => {
    // The link that led here is gone with the page it was on: go on from the top of the new one.
    if (shown.current !== view) {
      shown.current = view;
      document.querySelector<HTMLElement>("#main")?.focus();
    }
    document.title = TITLES[view.page];
  }, [view]);
  const [words, setWords] = useState<string | null>(null);
  const [typed, setTyped] = useState<Readonly<Record<string, Typed | null>>>({});
  return (
    <>
      {me.roles.includes("manager") && <Sections view={view} go={go} />}
      {view.page === "list" && <EvaluationList me={me} view={view} go={go} />}
      {view.page === "evaluation" && <EvaluationPage id={view.id} me={me} go={go} />}
      {view.page === "cues" && <CuesPage />}
      {view.page === "words" && <WordsPage draft={words} onDraft={setWords} />}
      {view.page === "playbooks" && <PlaybooksPage go={go} />}
      {view.page === "playbook" && (
        <PlaybookPage
          key={view.id}
          id={view.id}
          typed={typed[view.id] ?? null}
          onTyped={(value) => setTyped((all) => ({ ...all, [view.id]: value }))}
          go={go}
        />
      )}
    </>
  );
}

const TITLES: Record<View["page"], string> = {
  list: "Scores · ClinixCue",
  evaluation: "One call · Scores · ClinixCue",
  cues: "Which cues help · ClinixCue",
  words: "Words we use · ClinixCue",
  playbooks: "Playbooks · ClinixCue",
  playbook: "One playbook · ClinixCue",
};

function Sections({ view, go }: { readonly view: View; readonly go: (view: View) => void }) {
  return (
    <nav class="sections" aria-label="For managers">
      <Link to={ALL} go={go} current={view.page === "list"}>
        Calls
      </Link>
      <Link to={{ page: "cues" }} go={go} current={view.page === "cues"}>
        Which cues help
      </Link>
      <Link to={{ page: "words" }} go={go} current={view.page === "words"}>
        Words we use
      </Link>
      <Link
        to={{ page: "playbooks" }}
        go={go}
        current={view.page === "playbooks"}
      >
        Playbooks
      </Link>
    </nav>
  );
}

const MAY_SEE: Record<"dpo" | "admin", string> = {
  dpo: "As the data protection officer you see how the practice's data is handled, not how single people are scored.",
  admin: "As an administrator you keep the installation running. That needs no look at scores.",
};

/** Says what this role may see instead of an empty table. */
function NoScores({ me }: { readonly me: Me }) {
  const roles = me.roles.filter((role) => role === "dpo" || role === "admin");
  return (
    <section class="panel prose">
      <h1>No scores for your role</h1>
      {roles.map((role) => (
        <p key={role}>{MAY_SEE[role]}</p>
      ))}
      <p>
        Scores are seen by the receptionist they are about and by the practice's manager. Each holds points, flags about
        conduct and a purge receipt; never sound or words of a call.
      </p>
      <p class="hint">If you need scores for your work, ask the practice's manager for the manager role.</p>
    </section>
  );
}
