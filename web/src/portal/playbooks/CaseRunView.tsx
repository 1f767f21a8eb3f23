import type { CaseFinding, CaseRun, LabelResult } from "../../shared/contract";
import { count, counted, words } from "../../shared/format";
import { Icon } from "../../shared/ui/icons";
import { Message } from "../../shared/ui/message";

interface Props {
  readonly result: CaseRun;
  /** Leads to a line of the practice's own cases. */
  readonly onGo: (line: number) => void;
}

/** What came of a run: whether it may be published, figures for each label, and every case that went wrong. */
export function CaseRunView({ result, onGo }: Props) {
  const groups = [
    { title: "These keep it from being published", open: true, of: (one: CaseFinding) => one.blocks },
    { title: "Your own cases", open: true, of: (one: CaseFinding) => !one.blocks && one.own },
    { title: "Our cases", open: false, of: (one: CaseFinding) => !one.blocks && !one.own && !one.as_ours },
    { title: "Safety cases that ours fails in the same way", open: false, of: (one: CaseFinding) => one.as_ours },
  ];
  return (
    <div class="case-run">
      <Verdict result={result} />
      <p>
        {counted(result.sentences, "sentence")} and {counted(result.calls, "call")}; {count(result.right)} came out
        exactly as expected.
        {result.macro_f1 !== null && ` Macro-F1 over all labels: ${result.macro_f1.toFixed(3)}.`}
        {result.criteria > 0 &&
          ` Criteria of calls: ${count(result.criteria_right)} of ${count(result.criteria)} as expected.`}
      </p>
      {result.untested.length > 0 && (
        <Message tone="warning" title="Safety cues that no case tests">
          {result.untested.map(words).join(", ")}. Write a few sentences for each, and some that must stay silent.
        </Message>
      )}
      {result.left_out.length > 0 && (
        <p class="hint">Named in our cases, and not in your playbook: {result.left_out.map(words).join(", ")}.</p>
      )}
      {result.labels.length > 0 && <Labels labels={result.labels} />}
      {groups.map((group) => (
        <Findings
          key={group.title}
          title={group.title}
          open={group.open}
          findings={result.findings.filter(group.of)}
          onGo={onGo}
        />
      ))}
      {result.unlisted > 0 && <p class="hint">{counted(result.unlisted, "more finding")} not listed here.</p>}
    </div>
  );
}

function Verdict({ result }: { readonly result: CaseRun }) {
  if (result.blocking > 0) {
    return (
      <p class="incomplete">
        <Icon name="warning" />
        {counted(result.blocking, "safety case")} {result.blocking === 1 ? "fails" : "fail"}: it cannot be published
        like this
      </p>
    );
  }
  return (
    <p class="complete">
      <Icon name="tick" />
      {result.sentences + result.calls === 0 ? "There are no cases yet" : "No safety case keeps it from being published"}
    </p>
  );
}

function Labels({ labels }: { readonly labels: readonly LabelResult[] }) {
  const ordered = [...labels].toSorted((one, other) => Number(other.safety) - Number(one.safety));
  return (
    <table>
      <caption>
        Each label on the sentences. Precision: how often it was right when it fired. Recall: how often it fired when it
        should.
      </caption>
      <thead>
        <tr>
          <th scope="col">Label</th>
          <th scope="col">Kind</th>
          {["Expected", "Found", "False alarms", "Precision", "Recall"].map((name) => (
            <th key={name} scope="col" class="number">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {ordered.map((row) => (
          <tr key={row.label}>
            <th scope="row">{row.label}</th>
            <td data-label="Kind">{row.safety ? "safety cue" : row.kind}</td>
            <td data-label="Expected" class="number">
              {count(row.expected)}
            </td>
            <td data-label="Found" class="number">
              {count(row.found)}
            </td>
            <td data-label="False alarms" class="number">
              {count(row.false_alarms)}
            </td>
            <td data-label="Precision" class="number">
              {ratio(row.precision)}
            </td>
            <td data-label="Recall" class="number">
              {ratio(row.recall)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ratio(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}

interface FindingsProps {
  readonly title: string;
  readonly open: boolean;
  readonly findings: readonly CaseFinding[];
  readonly onGo: (line: number) => void;
}

function Findings({ title, open, findings, onGo }: FindingsProps) {
  if (findings.length === 0) {
    return null;
  }
  return (
    <details open={open}>
      <summary>
        {title} ({count(findings.length)})
      </summary>
      <ul class="findings">
        {findings.map((one) => (
          <li key={`${one.what} ${one.label} ${one.case} ${one.line}`}>
            <p>
              <strong>{one.label}</strong> {WHAT[one.what]} in {one.case}
              {one.own && (
                <button type="button" class="quiet" onClick={() => onGo(one.line)}>
                  line {one.line}
                </button>
              )}
            </p>
            {one.text !== "" && <q>{one.text}</q>}
            {one.why !== "" && <p class="hint">{one.why}</p>}
          </li>
        ))}
      </ul>
    </details>
  );
}

const WHAT: Record<CaseFinding["what"], string> = {
  missed: "missed",
  "false alarm": "raised wrongly",
  "another state": "in another state",
};
