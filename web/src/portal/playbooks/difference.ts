// What changed between two texts, line by line: the shortest edit (Myers 1986, "An O(ND) Difference Algorithm").

export interface Row {
  readonly kind: "same" | "removed" | "added";
  /** Line number in the old and in the new text, from 1; null where it has no such line. */
  readonly before: number | null;
  readonly after: number | null;
  readonly text: string;
}

/** Changed lines with what stands around them. `place` is the part in which the first of them is: "triggers, price". */
export interface Hunk {
  readonly place: string;
  readonly rows: readonly Row[];
}

const AROUND = 3;

/** So many lines may differ before the search would take too long; then the whole middle counts as changed. */
const MOST_EDITS = 800;

export function difference(before: string, after: string): readonly Hunk[] {
  return hunksOf(rowsOf(linesOf(before), linesOf(after)));
}

function linesOf(text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function rowsOf(old: readonly string[], now: readonly string[]): readonly Row[] {
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) {
    start += 1;
  }
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) {
    end += 1;
  }
  const middle = edit(old.slice(start, old.length - end), now.slice(start, now.length - end));
  const kinds = [...same(start), ...middle, ...same(end)];
  let [before, later] = [0, 0];
  return kinds.map((kind) => {
    before += kind === "added" ? 0 : 1;
    later += kind === "removed" ? 0 : 1;
    return {
      kind,
      before: kind === "added" ? null : before,
      after: kind === "removed" ? null : later,
      text: (kind === "removed" ? old[before - 1] : now[later - 1]) ?? "",
    };
  });
}

function same(count: number): Row["kind"][] {
  return Array.from({ length: count }, () => "same");
}

/** Furthest old line reached on each diagonal, for 0, 1, 2, … edits; then the way back. */
function edit(old: readonly string[], now: readonly string[]): readonly Row["kind"][] {
  const reached = new Map<number, number>([[1, 0]]);
  const steps: Map<number, number>[] = [];
  for (let edits = 0; edits <= Math.min(old.length + now.length, MOST_EDITS); edits += 1) {
    steps.push(new Map(reached));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = goesDown(reached, diagonal, edits) ? at(reached, diagonal + 1) : at(reached, diagonal - 1) + 1;
      while (x < old.length && x - diagonal < now.length && old[x] === now[x - diagonal]) {
        x += 1;
      }
      reached.set(diagonal, x);
      if (x >= old.length && x - diagonal >= now.length) {
        return wayBack(steps, old.length, now.length);
      }
    }
  }
  return [...old.map(() => "removed" as const), ...now.map(() => "added" as const)];
}

function at(reached: ReadonlyMap<number, number>, diagonal: number): number {
  return reached.get(diagonal) ?? -1;
}

/** Whether this diagonal is reached by taking a new line, rather than by dropping an old one. */
function goesDown(reached: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  return diagonal === -edits || (diagonal !== edits && at(reached, diagonal - 1) < at(reached, diagonal + 1));
}

function wayBack(steps: readonly ReadonlyMap<number, number>[], oldLength: number, newLength: number): Row["kind"][] {
  const kinds: Row["kind"][] = [];
  let [x, y] = [oldLength, newLength];
  for (let edits = steps.length - 1; edits >= 0; edits -= 1) {
    const reached = steps[edits] ?? new Map<number, number>();
    const down = goesDown(reached, x - y, edits);
    const from = down ? x - y + 1 : x - y - 1;
    const fromX = edits === 0 ? 0 : at(reached, from);
    const fromY = edits === 0 ? 0 : fromX - from;
    while (x > fromX && y > fromY) {
      kinds.push("same");
      x -= 1;
      y -= 1;
    }
    if (edits > 0) {
      kinds.push(down ? "added" : "removed");
    }
    [x, y] = [fromX, fromY];
  }
  return kinds.toReversed();
}

function hunksOf(rows: readonly Row[]): readonly Hunk[] {
  const shown = new Set<number>();
  rows.forEach((row, index) => {
    if (row.kind !== "same") {
      for (let near = index - AROUND; near <= index + AROUND; near += 1) {
        shown.add(near);
      }
    }
  });
  const hunks: { place: string | null; rows: Row[] }[] = [];
  const path = ["", ""];
  rows.forEach((row, index) => {
    enter(path, row.text);
    if (!shown.has(index)) {
      return;
    }
    const open = shown.has(index - 1) ? hunks.at(-1) : undefined;
    const hunk = open ?? { place: null, rows: [] };
    if (open === undefined) {
      hunks.push(hunk);
    }
    hunk.rows.push(row);
    if (row.kind !== "same") {
      hunk.place ??= path.filter((part) => part !== "").join(", ");
    }
  });
  return hunks.map(({ place, rows: lines }) => ({ place: place ?? "", rows: lines }));
}

const KEY = /^( {0,2})([A-Za-z_][\w-]*):/;

/** The outermost key, and the one below it, that this line stands under or begins. */
function enter(path: string[], line: string): void {
  const [, indent, key] = KEY.exec(line) ?? [];
  if (indent === "" && key !== undefined) {
    path.splice(0, 2, key, "");
  } else if (indent === "  " && key !== undefined) {
    path[1] = key;
  }
}
