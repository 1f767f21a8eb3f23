import { expect, it } from "vitest";
import { difference, type Row } from "./difference";

function shown(rows: readonly Row[]): string[] {
  return rows.map((row) => `${{ same: " ", removed: "-", added: "+" }[row.kind]}${row.text}`);
}

/** Both texts out of the rows: nothing may be lost or doubled. */
function both(before: string, after: string): readonly [string, string] {
  const rows = difference(before, after).flatMap((hunk) => hunk.rows);
  const of = (side: "before" | "after"): string => rows.filter((row) => row[side] !== null).map((row) => row.text).join("\n");
  return [of("before"), of("after")];
}

it("finds the shortest edit", () => {
  const [hunk, ...others] = difference("a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc");
  expect(others).toEqual([]);
  const changed = hunk?.rows.filter((row) => row.kind !== "same") ?? [];
  expect(changed).toHaveLength(5);
  expect(both("a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc")).toEqual(["a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc"]);
});

it("numbers the lines of both texts and shows three around a change, under the part they are in", () => {
  const before = ["triggers:", "  pain:", "    a: 1", "    b: 2", "    c: 3", "    d: 4", "    e: 5", "    f: 6"].join("\n");
  const [hunk] = difference(before, before.replace("d: 4", "d: 5"));
  expect(hunk?.place).toBe("triggers, pain");
  expect(shown(hunk?.rows ?? [])).toEqual([
    "     a: 1",
    "     b: 2",
    "     c: 3",
    "-    d: 4",
    "+    d: 5",
    "     e: 5",
    "     f: 6",
  ]);
  expect(hunk?.rows.map((row) => [row.before, row.after])).toEqual([
    [3, 3],
    [4, 4],
    [5, 5],
    [6, null],
    [null, 6],
    [7, 7],
    [8, 8],
  ]);
});

it("keeps changes apart that are far from each other", () => {
  const lines = Array.from({ length: 30 }, (_, number) => `line ${number}`);
  const changed = lines.with(2, "two").toSpliced(20, 1);
  expect(difference(lines.join("\n"), changed.join("\n"))).toHaveLength(2);
  expect(difference(lines.join("\n"), lines.join("\n"))).toEqual([]);
  expect(difference("a\n", "a")).toEqual([]);
});

it("says that everything changed when two texts have nothing in common, and soon", () => {
  const old = Array.from({ length: 4000 }, (_, number) => `old ${number}`).join("\n");
  const now = Array.from({ length: 4000 }, (_, number) => `new ${number}`).join("\n");
  const began = performance.now();
  expect(both(old, now)).toEqual([old, now]);
  expect(performance.now() - began).toBeLessThan(3000);
});
