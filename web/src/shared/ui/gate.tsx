import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { asProblem, get, type Problem } from "../api";
import type { Me } from "../contract";
import { Masthead } from "./masthead";
import { Message } from "./message";

export type Session =
  | { readonly state: "asking" }
  | { readonly state: "signed_in"; readonly me: Me }
  | { readonly state: "signed_out"; readonly again: boolean }
  | { readonly state: "failed"; readonly problem: Problem };

/** Who is signed in. The second value is for finding out later that the session has ended. */
export function useSession(): [Session, () => void] {
  const [session, setSession] = useState<Session>({ state: "asking" });
  useEffect(() => {
    get<Me>("/api/me").then(
      (me) => setSession({ state: "signed_in", me }),
      (error: unknown) => {
        const problem = asProblem(error);
        setSession(problem.status === 401 ? { state: "signed_out", again: false } : { state: "failed", problem });
      },
    );
  }, []);
  const ended = useCallback(() => setSession({ state: "signed_out", again: true }), []);
  return [session, ended];
}

interface GateProps {
  readonly session: Session;
  readonly here: "/softphone" | "/portal";
  /** What signing in is for, as the heading: "Take calls". */
  readonly purpose: string;
  readonly explanation: string;
  readonly children: (me: Me) => ComponentChildren;
}

export function Gate({ session, here, purpose, explanation, children }: GateProps) {
  if (session.state === "signed_in") {
    return <>{children(session.me)}</>;
  }
  const next = encodeURIComponent(location.pathname + location.search);
  return (
    <>
      <Masthead me={null} here={here} />
      <main class="gate" id="main">
        {session.state === "asking" && <p role="status">One moment…</p>}
        {session.state === "failed" && (
          <Message tone="error" title={session.problem.title}>
            {session.problem.detail}
          </Message>
        )}
        {session.state === "signed_out" && (
          <>
            <h1>{purpose}</h1>
            {session.again && (
              <Message tone="info" title="Your session has ended">
                Sign in again to go on.
              </Message>
            )}
            <p>{explanation}</p>
            <p>
              <a class="button primary" href={`/auth/sign-in?next=${next}`}>
                Sign in
              </a>
            </p>
          </>
        )}
      </main>
    </>
  );
}
