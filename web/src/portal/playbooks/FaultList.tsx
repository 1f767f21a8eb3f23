import type { Fault } from "../../shared/contract";
import { counted } from "../../shared/format";
import { Icon } from "../../shared/ui/icons";

interface Props {
  readonly id: string;
  readonly title: string;
  readonly faults: readonly Fault[];
  /** Brings that line into view and selects it. */
  readonly onGo: (fault: Fault) => void;
}

const WHERE: Record<Fault["where"], string> = { playbook: "", cases: "Your cases, ", starter: "Our cases, " };

/** Every fault with its line and reason; each leads to its line, where the line is one that can be changed here. */
export function FaultList({ id, title, faults, onGo }: Props) {
  return (
    <section class="message error faults" aria-labelledby={id} role="group" tabIndex={-1}>
      <Icon name="error" />
      <div class="message-text">
        <h3 id={id}>{title}</h3>
        <ul>
          {faults.map((fault) => (
            <li key={`${fault.where} ${fault.line} ${fault.place} ${fault.reason}`}>
              <Place fault={fault} onGo={onGo} />
              {fault.place !== "" && <span class="place">{fault.place}</span>} {fault.reason}
            </li>
          ))}
        </ul>
        {faults.every((fault) => fault.where === "playbook") && (
          <p>Your cases are checked as soon as the playbook can be read.</p>
        )}
      </div>
    </section>
  );
}

function Place({ fault, onGo }: { readonly fault: Fault; readonly onGo: (fault: Fault) => void }) {
  const name = `${WHERE[fault.where]}${fault.where === "playbook" ? "Line" : "line"} ${fault.line}`;
  if (fault.where === "starter") {
    return <strong>{name}:</strong>;
  }
  return (
    <button type="button" class="quiet" onClick={() => onGo(fault)}>
      {name}
    </button>
  );
}

export function faultsTitle(faults: readonly Fault[]): string {
  return `Saved, with ${counted(faults.length, "fault")}. It cannot be published like this.`;
}
