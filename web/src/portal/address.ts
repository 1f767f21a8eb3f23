// What the portal shows is in its address, so that it can be bookmarked, shared and walked back from.

export type View =
  | { readonly page: "list"; readonly before: string | null; readonly monitor: boolean }
  | { readonly page: "evaluation"; readonly id: string }
  | { readonly page: "words" };

const WORDS = "/portal/words";
const EVALUATION = /^\/portal\/evaluations\/([0-9a-f-]+)\/?$/i;

export function viewOf(pathname: string, search: string): View {
  if (pathname.replace(/\/$/, "") === WORDS) {
    return { page: "words" };
  }
  const [, id] = EVALUATION.exec(pathname) ?? [];
  if (id !== undefined) {
    return { page: "evaluation", id };
  }
  const query = new URLSearchParams(search);
  return { page: "list", before: query.get("before"), monitor: query.get("monitor") === "true" };
}

export function addressOf(view: View): string {
  if (view.page === "evaluation") {
    return `/portal/evaluations/${view.id}`;
  }
  if (view.page === "words") {
    return WORDS;
  }
  const query = queryOf(view).toString();
  return query === "" ? "/portal" : `/portal?${query}`;
}

/** The same parameters for the page and for the API. */
export function queryOf(view: { readonly before: string | null; readonly monitor: boolean }): URLSearchParams {
  const query = new URLSearchParams();
  if (view.before !== null) {
    query.set("before", view.before);
  }
  if (view.monitor) {
    query.set("monitor", "true");
  }
  return query;
}
