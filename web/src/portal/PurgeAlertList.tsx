import type { PurgeAlert, PurgeAlerts } from "../shared/contract";
import { counted, minute } from "../shared/format";
import { Message } from "../shared/ui/message";
import type { View } from "./address";
import { Link } from "./Link";
import { useLoaded } from "./load";

const WHY: Record<PurgeAlert["reason"], string> = {
  missing: "no receipt came: the process that would have written it was gone",
  incomplete: "part of its sound went to a process that stopped before it could say that it was wiped",
};

/** Only there when there is something to say. The sound is gone with the memory either way; that it is, is not proven. */
export function PurgeAlertList({ go }: { readonly go: (view: View) => void }) {
  const loaded = useLoaded<PurgeAlerts>("/api/practice/purge-alerts");
  if (loaded.state !== "here" || loaded.value.items.length === 0) {
    return null;
  }
  const { items, days } = loaded.value;
  return (
    <Message tone="warning" title={`${counted(items.length, "call")} without a complete purge receipt`}>
      <details>
        <summary>Which, in the last {days} days</summary>
        <ul class="purge-alerts">
          {items.map((item) => (
            <li key={item.call_id}>
              {item.evaluation_id === null ? (
                minute(item.started_at)
              ) : (
                <Link to={{ page: "evaluation", id: item.evaluation_id }} go={go}>
                  {minute(item.started_at)}
                </Link>
              )}
              : {WHY[item.reason]}
            </li>
          ))}
        </ul>
        <p>Tell whoever runs your installation: its log names the calls.</p>
      </details>
    </Message>
  );
}
