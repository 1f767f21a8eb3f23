// A state, the one function that changes it, and the components that watch it.

import { useEffect, useState } from "preact/hooks";

export class Store<State, Event> {
  #state: State;
  readonly #watchers = new Set<() => void>();

  constructor(
    initial: State,
    readonly reduce: (state: State, event: Event) => State,
  ) {
    this.#state = initial;
  }

  get state(): State {
    return this.#state;
  }

  send(event: Event): void {
    const before = this.#state;
    this.#state = this.reduce(before, event);
    if (this.#state !== before) {
      for (const watcher of this.#watchers) {
        watcher();
      }
    }
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

export function useStore<State, Event>(store: Store<State, Event>): State {
  const [state, setState] = useState(store.state);
  useEffect(() => {
    const update = (): void => setState(() => store.state);
    update();
    return store.watch(update);
  }, [store]);
  return state;
}
