import { expect, it } from "vitest";
import { addressOf, ALL, type View, viewOf } from "./address";

it("keeps every view in its address and back", () => {
  const views: View[] = [
    ALL,
    { page: "list", before: "2026-11-18T10:00:00Z", monitor: true, inReview: true },
    { page: "evaluation", id: "0b8f6c1e-5e0d-4b3c-9a44-2f6f1c8b7a10" },
    { page: "words" },
    { page: "cues" },
    { page: "playbooks" },
    { page: "playbook", id: "0b8f6c1e-5e0d-4b3c-9a44-2f6f1c8b7a10" },
  ];
  for (const view of views) {
    const url = new URL(addressOf(view), "https://practice.example");
    expect(viewOf(url.pathname, url.search)).toEqual(view);
  }
});

it("shows the list for an address it does not know", () => {
  expect(viewOf("/portal/else", "")).toEqual(ALL);
});
