// Figures and times as people read them.

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** 75 -> "1:15"; an hour and more as "1:02:05". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** 340 -> "340 ms"; 2400 -> "2.4 s". */
export function age(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

const COUNT = new Intl.NumberFormat("en-GB");

export function count(value: number): string {
  return COUNT.format(value);
}

/** counted(1, "flag") -> "1 flag". */
export function counted(value: number, word: string): string {
  return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

const DAY_AND_MINUTE = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

const TO_THE_SECOND = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** UTC from the server, in the reader's own time zone. */
export function minute(utc: string): string {
  return DAY_AND_MINUTE.format(new Date(utc));
}

export function second(utc: string): string {
  return TO_THE_SECOND.format(new Date(utc));
}

const TIME_OF_DAY = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** "10:42:07" */
export function timeOfDay(utc: string): string {
  return TIME_OF_DAY.format(new Date(utc));
}

/** Stable codes as words: "card_number_read_back" -> "Card number read back". */
export function words(code: string): string {
  const text = code.replaceAll(/[_-]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Bucket 2 of ten seconds -> "0:20 to 0:30". */
export function bucket(index: number): string {
  return `${clock(index * 10)} to ${clock(index * 10 + 10)}`;
}

const REASONS: Record<string, string> = {
  patient_declined: "the caller chose no analysis",
  patient_stopped: "the caller stopped the listening",
  agent_stopped: "reception stopped the listening",
  not_connected: "the two sides were never connected",
  recogniser_lost: "the listener stopped during the call",
  recogniser_late: "the listener was not there from the start",
  call_interrupted: "the call was interrupted",
};

/** Why a call has no score: our own codes as words, whole sentences as they are. */
export function notScored(reason: string | null): string {
  if (reason === null) {
    return "Not scored";
  }
  const why = REASONS[reason] ?? (reason.includes(" ") ? reason.replace(/^Not scored: /, "") : words(reason));
  return `Not scored: ${why}`;
}
