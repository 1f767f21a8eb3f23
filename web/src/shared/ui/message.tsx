import type { ComponentChildren } from "preact";
import { Icon } from "./icons";

export interface MessageProps {
  readonly tone: "info" | "warning" | "error";
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly onDismiss?: () => void;
}

/** What happened and what to do, in place. Errors interrupt a screen reader; the rest waits its turn. */
export function Message({ tone, title, children, onDismiss }: MessageProps) {
  return (
    <div class={`message ${tone}`} role={tone === "error" ? "alert" : "status"}>
      <Icon name={tone} />
      <div class="message-text">
        <strong>{title}</strong>
        {children !== undefined && <div>{children}</div>}
      </div>
      {onDismiss !== undefined && (
        <button type="button" class="quiet" onClick={onDismiss}>
          Dismiss
        </button>
      )}
    </div>
  );
}
