import type { ComponentChildren } from "preact";
import { addressOf, type View } from "./address";

interface Props {
  readonly to: View;
  readonly go: (view: View) => void;
  /** The page of this link is the one shown. */
  readonly current?: boolean;
  readonly children: ComponentChildren;
}

/** A true link: opens in a new tab and can be copied; a plain click stays in the page. */
export function Link({ to, go, current = false, children }: Props) {
  const clicked = (event: MouseEvent): void => {
    if (event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      go(to);
    }
  };
  return (
    <a href={addressOf(to)} aria-current={current ? "page" : undefined} onClick={clicked}>
      {children}
    </a>
  );
}
