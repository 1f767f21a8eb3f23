// The softphone's longer sentences, in one place.

import type { Cue } from "../shared/contract";
import type { MicrophoneFailure } from "../shared/devices";
import type { IconName } from "../shared/ui/icons";
import type { Call, EndedBy } from "./call";

export const LANES: Record<Cue["lane"], { readonly word: string; readonly icon: IconName }> = {
  safety: { word: "Safety", icon: "safety" },
  compliance: { word: "Compliance", icon: "compliance" },
  coach: { word: "Coach", icon: "coach" },
};

export interface Help {
  readonly title: string;
  readonly steps: string;
}

export const MICROPHONE_HELP: Record<MicrophoneFailure, Help> = {
  denied: {
    title: "This page may not use the microphone",
    steps:
      "Select the icon at the left end of the address bar, set Microphone to Allow, then try again. If it stays blocked, your administrator has switched it off for this computer.",
  },
  none: {
    title: "No microphone found",
    steps: "Plug in your headset, or switch it on if it is wireless. Then try again.",
  },
  in_use: {
    title: "Another program is using the microphone",
    steps: "Close other calls and meetings on this computer, or choose another microphone below. Then try again.",
  },
  unsupported: {
    title: "This browser cannot take calls",
    steps: "Open this page over https in a current Chrome, Edge, Firefox or Safari.",
  },
  unknown: {
    title: "The microphone did not start",
    steps: "Unplug the headset, plug it in again, then try again. If that does not help, restart the browser.",
  },
};

export const CUE_STATES: Record<Call["cueState"], { readonly word: string; readonly detail: string }> = {
  starting: { word: "Cues starting", detail: "The call is being connected to the listener." },
  live: { word: "Cues live", detail: "Listening. When a cue helps, it appears here." },
  paused: { word: "Cues paused", detail: "The call goes on without cues." },
  declined: {
    word: "Patient chose no analysis",
    detail: "No computer is listening to this call. There will be no cues and no score.",
  },
  stopped: {
    word: "Nothing is listened to",
    detail: "The listening was stopped for the rest of this call. There will be no more cues and no score.",
  },
};

const HELD = { word: "Listening is paused", detail: "On hold: nothing is listened to until you talk again." };

/** A held call is not listened to, whatever else is so. */
export function cueStateOf(call: Call): { readonly word: string; readonly detail: string } {
  return call.listening?.held === true && call.cueState === "live" ? HELD : CUE_STATES[call.cueState];
}

export const ENDED: Record<NonNullable<EndedBy>, string> = {
  agent: "You hung up",
  patient: "The caller hung up",
  server: "The system ended the call",
  connection: "The connection was lost",
};
