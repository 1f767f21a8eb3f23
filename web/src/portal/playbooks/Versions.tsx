import type { PracticePlaybook } from "../../shared/contract";
import { count, minute } from "../../shared/format";

interface Props {
  readonly playbook: PracticePlaybook;
  readonly onBegin: (number: number) => void;
  readonly onArchive: () => void;
}

/** Every version that was ever published. They never change; going back means publishing an old one anew. */
export function Versions({ playbook, onBegin, onArchive }: Props) {
  const [newest] = playbook.versions;
  return (
    <section class="panel" aria-labelledby="versions">
      <h2 id="versions">Published versions</h2>
      <p class="hint">
        They never change. To go back to one, begin a draft from it and publish that
        {playbook.draft === null ? "." : "; first publish or discard the draft above."}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">State</th>
            <th scope="col">Published</th>
            <th scope="col">By</th>
            <th scope="col">Cases right</th>
            <th scope="col">
              <span class="unseen">What you can do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {playbook.versions.map((version) => (
            <tr key={version.number}>
              <th scope="row">{version.number}</th>
              <td data-label="State">
                {version === newest && playbook.state === "published" ? "Published" : "Archived"}
              </td>
              <td data-label="Published">{minute(version.published_at)}</td>
              <td data-label="By">{version.published_by}</td>
              <td data-label="Cases right">
                {version.cases_run === 0 ? "no cases" : `${count(version.cases_right)} of ${count(version.cases_run)}`}
              </td>
              <td>
                <div class="row">
                  <a href={`/api/playbooks/${playbook.id}/versions/${version.number}/playbook.yaml`} download>
                    Download<span class="unseen"> version {version.number}</span>
                  </a>
                  {playbook.draft === null && (
                    <button type="button" class="quiet" onClick={() => onBegin(version.number)}>
                      Begin a draft from it<span class="unseen">, version {version.number}</span>
                    </button>
                  )}
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {playbook.state === "published" && (
        <div class="row">
          <button type="button" onClick={onArchive}>
            Archive this playbook
          </button>
          <p class="hint">No call uses it then. Its versions and scores are kept.</p>
        </div>
      )}
    </section>
  );
}
