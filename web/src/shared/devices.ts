// Microphones and speakers: asking for them, remembering the choice, and saying why it failed.

export type MicrophoneFailure = "denied" | "none" | "in_use" | "unsupported" | "unknown";

export interface Device {
  readonly id: string;
  readonly label: string;
}

export interface Devices {
  readonly microphones: readonly Device[];
  readonly speakers: readonly Device[];
}

export class MicrophoneError extends Error {
  override readonly name = "MicrophoneError";

  constructor(readonly failure: MicrophoneFailure) {
    super(failure);
  }
}

/** getUserMedia's DOMException names (Media Capture and Streams, 10.2) as the five things a person can act on. */
export function failureFrom(name: string): MicrophoneFailure {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "AbortError":
      return "in_use";
    default:
      return "unknown";
  }
}

const CLEAN_SPEECH: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  channelCount: 1,
};

/** Opens the microphone with that id, or the system's own choice for "". Throws MicrophoneError. */
export async function openMicrophone(id: string): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined) {
    throw new MicrophoneError("unsupported");
  }
  try {
    // Not `exact`: a headset left at home falls back to the microphone that is there.
    const chosen = id === "" ? {} : { deviceId: { ideal: id } };
    return await navigator.mediaDevices.getUserMedia({ audio: { ...CLEAN_SPEECH, ...chosen } });
  } catch (error) {
    throw new MicrophoneError(failureFrom(error instanceof Error ? error.name : ""));
  }
}

/** Labels are empty until the person has allowed the microphone once. */
export async function listDevices(): Promise<Devices> {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const named = (kind: MediaDeviceKind, word: string): Device[] =>
    all
      .filter((device) => device.kind === kind && device.deviceId !== "")
      .map((device, index) => ({ id: device.deviceId, label: device.label || `${word} ${index + 1}` }));
  return { microphones: named("audioinput", "Microphone"), speakers: named("audiooutput", "Speaker") };
}

export async function microphoneAllowed(): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: "microphone" as PermissionName })).state === "granted";
  } catch {
    return false;
  }
}

/** Calls `changed` when something is plugged in or out, until the returned function is called. */
export function onDevicesChanged(changed: () => void): () => void {
  navigator.mediaDevices?.addEventListener("devicechange", changed);
  return () => navigator.mediaDevices?.removeEventListener("devicechange", changed);
}

type Kind = "microphone" | "speaker";

/** Device ids change when cookies are cleared or the browser updates; the label then finds the same headset again. */
export function findRemembered(kind: Kind, devices: readonly Device[]): string {
  const [id, label] = (localStorage.getItem(`clinixcue.${kind}`) ?? "\n").split("\n");
  const found = devices.find((device) => device.id === id) ?? devices.find((device) => device.label === label);
  return found?.id ?? "";
}

export function remember(kind: Kind, device: Device | undefined): void {
  if (device === undefined) {
    localStorage.removeItem(`clinixcue.${kind}`);
  } else {
    localStorage.setItem(`clinixcue.${kind}`, `${device.id}\n${device.label}`);
  }
}
