// What the portal shows is in its address, so that it can be bookmarked, shared and walked back from.

export type View =
  | { readonly page: "list"; readonly before: string | null; readonly monitor: boolean; readonly inReview: boolean }
  | { readonly page: "evaluation"; readonly id: string }
  | { readonly page: "words" }
  | { readonly page: "cues" }
  | { readonly page: "playbooks" }
  | { readonly page: "playbook"; readonly id: string };

export const ALL: View = { page: "list", before: null, monitor: false, inReview: false };

/** Pages of which there is one. */
const SINGLE = { words: "/portal/words", cues: "/portal/cues", playbooks: "/portal/playbooks" } as const;
const PLAYBOOK = /^\/portal\/playbooks\/([0-9a-f-]+)\/?$/i;
const EVALUATION = /^\/portal\/evaluations\/([0-9a-f-]+)\/?$/i;

export function viewOf(pathname: string, search: string): View {
  const path = pathname.replace(/\/$/, "");
  for (const page of ["words", "cues", "playbooks"] as const) {
    if (SINGLE[page] === path) {
      return { page };
    }
  }
  const [, playbook] = PLAYBOOK.exec(pathname) ?? [];
  if (playbook !== undefined) {
    return { page: "playbook", id: playbook };
  }
  const [, id] = EVALUATION.exec(pathname) ?? [];
  if (id !== undefined) {
    return { page: "evaluation", id };
  }
  const query = new URLSearchParams(search);
  return {
    page: "list",
    before: query.get("before"),
    monitor: query.get("monitor") === "true",
    inReview: query.get("in_review") === "true",
  };
}

export function addressOf(view: View): string {
  if (view.page === "evaluation") {
    return `/portal/evaluations/${view.id}`;
  }
  if (view.page === "playbook") {
    return `${SINGLE.playbooks}/${view.id}`;
  }
  if (view.page !== "list") {
    return SINGLE[view.page];
  }
  const query = queryOf(view).toString();
  return query === "" ? "/portal" : `/portal?${query}`;
}

/** The same parameters for the page and for the API. */
export function queryOf(view: Extract<View, { page: "list" }>): URLSearchParams {
  const query = new URLSearchParams();
  if (view.before !== null) {
    query.set("before", view.before);
  }
  if (view.monitor) {
    query.set("monitor", "true");
  }
  if (view.inReview) {
    query.set("in_review", "true");
  }
  return query;
}
