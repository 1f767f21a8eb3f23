// HTTP to our own server: JSON in, JSON or problem+json (RFC 9457) out.

import type { Fault } from "./contract";

/** What went wrong, in words for the person: `title` says what happened, `detail` what to do next. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    /** Stable, without the urn prefix: "call-taken". Our own: "unreachable" (no answer), "unreadable" (no sense). */
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    /** Which entry of a list that was sent is meant, from 0. */
    readonly at: number | null = null,
    /** What is wrong in a file that was sent. */
    readonly faults: readonly Fault[] = [],
  ) {
    super(title);
  }
}

const PREFIX = "urn:clinixcue:problem:";

const UNREACHABLE = new Problem(
  0,
  "unreachable",
  "The server did not answer",
  "Check that this computer is on the network, then try again.",
);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A problem from whatever body came with an error status; proxies in between do not speak RFC 9457. */
export function problemFrom(status: number, body: unknown): Problem {
  const fields = isRecord(body) ? body : {};
  const text = (name: string, otherwise: string): string => {
    const value = fields[name];
    return typeof value === "string" && value !== "" ? value : otherwise;
  };
  const type = text("type", "");
  return new Problem(
    status,
    type.startsWith(PREFIX) ? type.slice(PREFIX.length) : "unreadable",
    text("title", `The server answered with error ${status}`),
    text("detail", "Try again. If it happens twice, tell your administrator the error number."),
    typeof fields["at"] === "number" ? fields["at"] : null,
    Array.isArray(fields["faults"]) ? (fields["faults"] as Fault[]) : [],
  );
}

/** Any failure as a Problem, so that callers show one kind of thing. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) {
    return error;
  }
  return new Problem(0, "unexpected", "Something went wrong in this page", "Reload the page and try again.");
}

export interface Extra {
  readonly token?: string;
}

async function send(method: "GET" | "POST" | "PUT", path: string, body: unknown, extra: Extra): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  if (extra.token !== undefined) {
    headers["X-Call-Token"] = extra.token;
  }
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      cache: "no-store",
      redirect: "error",
    });
  } catch {
    throw UNREACHABLE;
  }
  if (!response.ok) {
    throw problemFrom(response.status, await response.json().catch(() => undefined));
  }
  return response;
}

async function request(method: "GET" | "POST" | "PUT", path: string, body: unknown, extra: Extra): Promise<unknown> {
  const response = await send(method, path, body, extra);
  return response.json().catch(() => undefined);
}

/** The caller names the shape; the server's structs guarantee it (contract.d.ts is printed from them). */
export async function get<T>(path: string, extra: Extra = {}): Promise<T> {
  return (await request("GET", path, undefined, extra)) as T;
}

export async function post<T = void>(path: string, body?: unknown, extra: Extra = {}): Promise<T> {
  return (await request("POST", path, body, extra)) as T;
}

export async function put<T>(path: string, body: unknown): Promise<T> {
  return (await request("PUT", path, body, {})) as T;
}

/** An answer in lines of JSON, each handed on as it comes. Returns when there are no more. */
export async function postForLines<T>(path: string, onLine: (line: T) => void): Promise<void> {
  const { body } = await send("POST", path, undefined, {});
  if (body === null) {
    return;
  }
  let rest = "";
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    // One chunk after the other: a line may begin in one and end in the next.
    // oxlint-disable-next-line no-await-in-loop
    const { done, value } = await reader.read().catch(() => {
      throw UNREACHABLE;
    });
    if (done) {
      return;
    }
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach((line) => onLine(JSON.parse(line) as T));
  }
}
