import type { Confinement, Pause, PurgeReceipt } from "../contract";
import { age, clock, count, counted, second } from "../format";
import { Icon } from "./icons";

const REASONS: Record<Pause["reason"], string> = { hold: "on hold", card_number: "card number, caller's side" };

const KERNEL: Record<Confinement["state"], string> = {
  enforced: "held to it by the kernel",
  weaker: "held to it in part",
  unproven: "unproven",
};

/** Whether all is gone, in one line. */
export function ReceiptState({ receipt }: { readonly receipt: PurgeReceipt }) {
  const left = receipt.frames_in - receipt.frames_wiped;
  return (
    <p class={receipt.complete ? "complete" : "incomplete"}>
      <Icon name={receipt.complete ? "tick" : "warning"} />
      {receipt.complete ? "Every frame that came in was wiped" : `Purge not confirmed: nobody saw ${counted(left, "frame")} go`}
    </p>
  );
}

/** Every figure of it: the same on the agent's page and in the portal. */
export function ReceiptFigures({ receipt }: { readonly receipt: PurgeReceipt }) {
  return (
    <dl class="figures">
      <dt>Frames in</dt>
      <dd>
        {count(receipt.frames_in)}, {count(receipt.bytes_in)} bytes
      </dd>
      <dt>Listened to</dt>
      <dd>{count(receipt.frames_heard)}</dd>
      <dt>Wiped</dt>
      <dd>{count(receipt.frames_wiped)}</dd>
      <dt>Longest any sample lived</dt>
      <dd>{age(receipt.oldest_sample_ms)}</dd>
      <dt>From hang-up to all wiped</dt>
      <dd>{receipt.wipe_ms === null ? "nobody can say" : age(receipt.wipe_ms)}</dd>
      <dt>Receipt written</dt>
      <dd>{second(receipt.wiped_at)}</dd>
      <dt>Listening</dt>
      <dd>{listening(receipt)}</dd>
      {receipt.confinement.map((one) => (
        <Kernel key={one.process} confinement={one} />
      ))}
      {receipt.hash !== "" && (
        <>
          <dt>SHA-256</dt>
          <dd>
            <code>{receipt.hash}</code>
          </dd>
        </>
      )}
    </dl>
  );
}

function Kernel({ confinement }: { readonly confinement: Confinement }) {
  return (
    <>
      <dt>Writing forbidden to {confinement.process}</dt>
      <dd>
        {KERNEL[confinement.state]}
        {confinement.weaker.length > 0 && `, not enforced: ${confinement.weaker.join(", ").replaceAll("_", " ")}`}
      </dd>
    </>
  );
}

function listening(receipt: PurgeReceipt): string {
  const paused = receipt.pauses.map((pause) => `paused ${clock(pause.from_s)} to ${clock(pause.to_s)} (${REASONS[pause.reason]})`);
  const by = receipt.stopped_by === "patient" ? "the caller" : "reception";
  const stopped = receipt.stopped_by === null ? [] : [`stopped by ${by} at ${clock(receipt.stopped_at_s ?? 0)}`];
  const told = [...paused, ...stopped];
  return told.length === 0 ? "not stopped, not paused" : told.join("; ");
}
