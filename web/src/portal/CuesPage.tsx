import type { CuesInUse, CueUse } from "../shared/contract";
import { count, percent, words } from "../shared/format";
import { Message } from "../shared/ui/message";
import { useLoaded } from "./load";

/** For the manager: what reception made of each trigger's cards. No person, no call, no time. */
export function CuesPage() {
  const loaded = useLoaded<CuesInUse>("/api/practice/cues");
  return (
    <>
      <div class="heading">
        <h1>Which cues help</h1>
        <p class="hint">
          Sums over all calls and all of reception. Who answered a cue, and in which call, is not stored.
        </p>
      </div>
      {loaded.state === "loading" && <p role="status">Loading…</p>}
      {loaded.state === "failed" && (
        <Message tone="error" title={loaded.problem.title}>
          {loaded.problem.detail}
        </Message>
      )}
      {loaded.state === "here" && <Versions cues={loaded.value} />}
    </>
  );
}

function Versions({ cues }: { readonly cues: CuesInUse }) {
  if (cues.items.length === 0) {
    return <p class="panel prose">No cue has been shown yet. Sums appear here after the first calls with cues.</p>;
  }
  const versions = [...new Set(cues.items.map(versionOf))];
  return (
    <>
      <p class="prose">
        A cue that is often not relevant costs attention: let the playbook's owner change when it appears, or take it
        out.
      </p>
      {versions.map((version) => (
        <Sums
          key={version}
          version={version}
          items={cues.items.filter((item) => versionOf(item) === version)}
          fewest={cues.fewest}
        />
      ))}
    </>
  );
}

function versionOf(item: CueUse): string {
  return `${item.playbook}, ${item.playbook_own ? "your" : "our"} version ${item.playbook_version}`;
}

interface SumsProps {
  readonly version: string;
  readonly items: readonly CueUse[];
  readonly fewest: number;
}

function Sums({ version, items, fewest }: SumsProps) {
  return (
    <section class="panel cue-sums">
      <table>
        <caption>
          <h2>{version}</h2>
        </caption>
        <thead>
          <tr>
            <th scope="col">Cue</th>
            <th scope="col" class="number">
              Shown
            </th>
            <th scope="col" class="number">
              Done
            </th>
            <th scope="col" class="number">
              Not relevant
            </th>
            <th scope="col" class="number">
              Put off
            </th>
            <th scope="col" class="number">
              No answer
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.trigger} data-trigger={item.trigger}>
              <th scope="row">{words(item.trigger)}</th>
              <td data-label="Shown" class="number">
                {count(item.shown)}
              </td>
              <Answers item={item} fewest={fewest} />
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Answers({ item, fewest }: { readonly item: CueUse; readonly fewest: number }) {
  if (item.answers === null) {
    return (
      <td colSpan={4} class="hint">
        Too few to tell: from {fewest} on.
      </td>
    );
  }
  const { done, acknowledged, not_relevant: notRelevant, later } = item.answers;
  const unanswered = Math.max(0, item.shown - done - acknowledged - notRelevant);
  const columns = { Done: done + acknowledged, "Not relevant": notRelevant, "Put off": later, "No answer": unanswered };
  return (
    <>
      {Object.entries(columns).map(([column, value]) => (
        <td key={column} data-label={column} class="number">
          {count(value)} <span class="share">{percent(value / item.shown)}</span>
        </td>
      ))}
    </>
  );
}
