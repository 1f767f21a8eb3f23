import { useEffect, useState } from "preact/hooks";
import { asProblem, get, type Problem } from "../shared/api";

export type Loaded<T> =
  | { readonly state: "loading" }
  | { readonly state: "here"; readonly value: T }
  | { readonly state: "failed"; readonly problem: Problem };

/** GET `path` and again whenever it changes; an answer that comes after the path has changed is dropped. */
export function useLoaded<T>(path: string): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ state: "loading" });
  useEffect(() => {
    let wanted = true;
    setLoaded({ state: "loading" });
    get<T>(path).then(
      (value) => wanted && setLoaded({ state: "here", value }),
      (error: unknown) => wanted && setLoaded({ state: "failed", problem: asProblem(error) }),
    );
    return () => {
      wanted = false;
    };
  }, [path]);
  return loaded;
}
