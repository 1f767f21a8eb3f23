import { expect, it } from "vitest";
import { rangeOf } from "./typing";
import { listed } from "./words";

it("sends what is on each line and remembers which line it was", () => {
  expect(listed("\n  Dr Okonkwo \n\n\t\nQuayside\n")).toEqual({ words: ["Dr Okonkwo", "Quayside"], lines: [1, 4] });
  expect(listed(" \n")).toEqual({ words: [], lines: [] });
});

it("marks the whole of one line and nothing else", () => {
  const text = "Dr Okonkwo\n\n  Q\nQuayside";
  const marked = [0, 1, 2, 3].map((line) => text.slice(...rangeOf(text, line)));
  expect(marked).toEqual(["Dr Okonkwo", "", "  Q", "Quayside"]);
});
