// Every sentence of the caller's page: the first page to be translated, and the one that must be plainest.

import type { MicrophoneFailure } from "../shared/devices";
import type { EndedBy, Trouble } from "./call";

export const WORDS = {
  loading: "One moment…",
  call: "Call",
  without_analysis: "Put me through without analysis",
  without_explained: "You get through just the same, and no computer listens.",
  before: "Before you call",
  notice: [
    "A computer listens during the call to help the receptionist.",
    "Nothing is recorded. The sound is gone within seconds.",
    "Only a score of our service is kept, nothing you said.",
    "You may say no, and you are still put through.",
  ],
  microphone_next: "Your browser will ask to use your microphone. Please allow it.",
  closed: "No call can be taken through this page right now. Please telephone the practice.",
  try_again: "Try again",
  placing: "Connecting…",
  ringing: "Ringing…",
  ringing_detail: "Someone at reception will answer. Please stay on this page.",
  connected: "You are through",
  analysed: "A computer is listening to help the receptionist. Nothing is recorded.",
  not_analysed: "No computer is listening.",
  stop_listening: "Stop listening",
  stop_explained: "You stay connected, and from then on no computer listens to this call.",
  stopping: "Stopping the listening…",
  stopped_by_you: "You stopped it. You go on talking as before.",
  stopped_by_reception: "Reception stopped it. You go on talking as before.",
  stopped_over: "The computer's listening was stopped during this call.",
  held: "You are on hold",
  not_now: "While you are on hold, no computer is listening.",
  held_detail: "Reception will be back with you. Please stay on this page. Nobody hears you now, and no computer listens.",
  mute: "Mute",
  muted: "Muted",
  muted_detail: "You are muted: reception cannot hear you.",
  weak: "Your connection is interrupted. Connecting again…",
  other_away: "Reception's connection is interrupted. Please stay on the line.",
  hang_up: "Hang up",
  over: "The call has ended",
  again: "Call again",
  close: "You can close this page.",
  time: "Call time",
} as const;

export function stoppedSince(time: string): string {
  return `Nothing is listened to since ${time}`;
}

export function emergency(number: string): string {
  return `If it is an emergency call ${number}`;
}

export const ENDED: Record<NonNullable<EndedBy>, string> = {
  agent: "Reception hung up.",
  patient: "You hung up.",
  server: "The call was ended by the system. Please call again.",
  connection: "The connection was lost. Check your internet connection, then call again.",
};

export const MICROPHONE: Record<MicrophoneFailure, Trouble> = {
  denied: {
    title: "We cannot hear you: the microphone is blocked",
    detail: "Press the icon at the start of the address bar, allow the microphone, then press Call again.",
  },
  none: {
    title: "No microphone was found",
    detail: "Connect a headset or a microphone, or open this page on a telephone. Then press Call again.",
  },
  in_use: {
    title: "Another program is using the microphone",
    detail: "Close other calls and video meetings, then press Call again.",
  },
  unsupported: {
    title: "This browser cannot make calls",
    detail: "Open this page in a current Chrome, Edge, Firefox or Safari, or telephone the practice.",
  },
  unknown: {
    title: "The microphone did not start",
    detail: "Close this page, open the link again, then press Call. Or telephone the practice.",
  },
};
