import type { EvaluationPage, EvaluationRow, Me } from "../shared/contract";
import { clock, counted, minute, notScored, percent } from "../shared/format";
import { REVIEW_STATES } from "../shared/review";
import { Message } from "../shared/ui/message";
import { ALL, queryOf, type View } from "./address";
import { Link } from "./Link";
import { useLoaded } from "./load";
import { PurgeAlertList } from "./PurgeAlertList";

const PAGE = "50";

type ListView = Extract<View, { page: "list" }>;

interface Props {
  readonly me: Me;
  readonly view: ListView;
  readonly go: (view: View) => void;
}

export function EvaluationList({ me, view, go }: Props) {
  const team = me.roles.includes("manager");
  const query = queryOf(view);
  query.set("limit", PAGE);
  const loaded = useLoaded<EvaluationPage>(`/api/evaluations?${query}`);
  return (
    <>
      <div class="heading">
        <h1>{team ? `Calls at ${me.practice.name}` : "My calls"}</h1>
        <p class="hint">
          {team
            ? "Newest first. A score describes one call, not a person; there is no ranking."
            : "Newest first. Only you and your manager see these."}
        </p>
      </div>
      {team && <PurgeAlertList go={go} />}
      {team && <MonitorSwitch view={view} go={go} />}
      {loaded.state === "here" && <Waiting count={loaded.value.in_review} team={team} view={view} go={go} />}
      {loaded.state === "loading" && <p role="status">Loading…</p>}
      {loaded.state === "failed" && (
        <Message tone="error" title={loaded.problem.title}>
          {loaded.problem.detail}
        </Message>
      )}
      {loaded.state === "here" && <Page page={loaded.value} team={team} view={view} go={go} />}
    </>
  );
}

interface WaitingProps {
  readonly count: number;
  readonly team: boolean;
  readonly view: ListView;
  readonly go: (view: View) => void;
}

function Waiting({ count, team, view, go }: WaitingProps) {
  if (view.inReview) {
    return (
      <p>
        Only calls in review.{" "}
        <Link to={ALL} go={go}>
          All calls
        </Link>
      </p>
    );
  }
  if (count === 0) {
    return null;
  }
  const calls = counted(count, "call");
  return (
    <p>
      <Link to={{ ...view, before: null, inReview: true }} go={go}>
        {team ? `${calls} waiting for a decision` : `${calls} of yours in review`}
      </Link>
    </p>
  );
}

function MonitorSwitch({ view, go }: { readonly view: ListView; readonly go: (view: View) => void }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={view.monitor}
        onChange={(event) => go({ ...view, before: null, monitor: event.currentTarget.checked })}
      />
      Include test calls of the monitoring line
    </label>
  );
}

interface PageProps {
  readonly page: EvaluationPage;
  readonly team: boolean;
  readonly view: ListView;
  readonly go: (view: View) => void;
}

function Page({ page, team, view, go }: PageProps) {
  if (page.items.length === 0) {
    return (
      <p class="panel prose">
        {view.inReview ? "Nothing is contested now." : view.before === null ? "No calls yet. A call appears here moments after it has ended." : "No older calls."}
      </p>
    );
  }
  const next: ListView = { ...view, before: page.next };
  return (
    <>
      <table class="evaluations">
        <caption class="unseen">Evaluations, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Call</th>
            {team && <th scope="col">Receptionist</th>}
            <th scope="col" class="number">
              Length
            </th>
            <th scope="col" class="number">
              Score
            </th>
            <th scope="col" class="number">
              Understood
            </th>
            <th scope="col">Flags</th>
            <th scope="col">Review</th>
            <th scope="col">Playbook</th>
          </tr>
        </thead>
        <tbody>
          {page.items.map((row) => (
            <Row key={row.id} row={row} team={team} go={go} />
          ))}
        </tbody>
      </table>
      <nav class="pager" aria-label="More calls">
        {view.before !== null && (
          <Link to={{ ...view, before: null }} go={go}>
            Newest calls
          </Link>
        )}
        {page.next !== null && (
          <Link to={next} go={go}>
            Older calls
          </Link>
        )}
      </nav>
    </>
  );
}

function Row({ row, team, go }: { readonly row: EvaluationRow; readonly team: boolean; readonly go: (view: View) => void }) {
  return (
    <tr data-evaluation={row.id}>
      <th scope="row">
        <Link to={{ page: "evaluation", id: row.id }} go={go}>
          {minute(row.started_at)}
        </Link>
      </th>
      {team && <td data-label="Receptionist">{row.agent.name}</td>}
      <td data-label="Length" class="number">
        {clock(row.duration_s)}
      </td>
      <td data-label="Score" class="number">
        {row.total === null ? <span class="none">{notScored(row.reason)}</span> : <strong>{row.total}</strong>}
        {row.revised_total !== null && <span class="hint"> now {row.revised_total}</span>}
      </td>
      <td data-label="Understood" class="number">
        {percent(row.coverage)}
      </td>
      <td data-label="Flags">{row.flags === 0 ? "None" : counted(row.flags, "flag")}</td>
      <td data-label="Review">{REVIEW_STATES[row.state]}</td>
      <td data-label="Playbook">
        {row.playbook}, {row.playbook_own ? "your" : "our"} version {row.playbook_version}
      </td>
    </tr>
  );
}
