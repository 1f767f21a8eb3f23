import { count, counted } from "../../shared/format";
import { type Row, difference } from "./difference";

interface Props {
  /** What the draft is compared with, in words: "version 3". */
  readonly than: string;
  readonly before: string;
  readonly after: string;
}

/** Added and removed lines with what stands around them. Signs and words say which, not the colour alone. */
export function DifferenceView({ than, before, after }: Props) {
  const hunks = difference(before, after);
  const rows = hunks.flatMap((hunk) => hunk.rows);
  const [added, removed] = (["added", "removed"] as const).map((kind) => rows.filter((row) => row.kind === kind).length);
  if (hunks.length === 0) {
    return <p>No difference to {than}.</p>;
  }
  return (
    <div class="difference">
      <p>
        Compared with {than}: {counted(added ?? 0, "line")} added, {count(removed ?? 0)} removed.
      </p>
      {hunks.map((hunk, number) => (
        <section
          key={`${hunk.rows[0]?.before} ${hunk.rows[0]?.after}`}
          aria-label={`Change ${number + 1}${hunk.place === "" ? "" : ` in ${hunk.place}`}`}
        >
          {hunk.place !== "" && <h4>{hunk.place}</h4>}
          <ol>
            {hunk.rows.map((row) => (
              <Line key={`${row.before} ${row.after}`} row={row} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

const SIGNS: Record<Row["kind"], string> = { same: " ", removed: "−", added: "+" };

function Line({ row }: { readonly row: Row }) {
  return (
    <li class={row.kind}>
      <span class="line-number">{row.after ?? row.before}</span>
      <span class="sign" aria-hidden="true">
        {SIGNS[row.kind]}
      </span>
      <code>
        {row.kind !== "same" && <span class="unseen">{row.kind}: </span>}
        {row.text}
      </code>
    </li>
  );
}
