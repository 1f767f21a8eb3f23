import { useEffect, useState } from "preact/hooks";
import { type Device, type Devices, findRemembered, listDevices, microphoneAllowed, onDevicesChanged, remember } from "../shared/devices";
import { Level } from "../shared/ui/level";
import { Message } from "../shared/ui/message";
import type { State } from "./call";
import type { Desk } from "./desk";
import { MICROPHONE_HELP } from "./words";

const NOTHING: Devices = { microphones: [], speakers: [] };

/** Choose and try the headset. The microphone is on only while it is being tested. */
export function SoundCheck({ desk, state }: { readonly desk: Desk; readonly state: State }) {
  const devices = useDevices(desk, state.microphone.status);
  const [testing, setTesting] = useState<MediaStream | null>(null);
  useEffect(() => () => stop(testing), [testing]);
  const test = async (): Promise<void> => setTesting(testing === null ? await desk.openMicrophone() : null);
  const chooseMicrophone = async (device: Device | undefined): Promise<void> => {
    remember("microphone", device);
    await desk.chooseMicrophone(device?.id ?? "");
    if (testing !== null) {
      setTesting(await desk.openMicrophone());
    }
  };
  const chooseSpeaker = async (device: Device | undefined): Promise<void> => {
    remember("speaker", device);
    await desk.chooseSpeaker(device?.id ?? "");
  };
  return (
    <section class="panel sound" aria-labelledby="sound">
      <h2 id="sound">Sound</h2>
      {state.microphone.status === "failed" && (
        <Message tone="error" title={MICROPHONE_HELP[state.microphone.failure].title}>
          {MICROPHONE_HELP[state.microphone.failure].steps}
        </Message>
      )}
      <Choice
        label="Microphone"
        devices={devices.microphones}
        chosen={desk.microphoneId}
        onChoose={(device) => void chooseMicrophone(device)}
      />
      <div class="row">
        <button type="button" aria-pressed={testing !== null} onClick={() => void test()}>
          {testing === null ? "Test microphone" : "Stop test"}
        </button>
        {testing === null ? <span class="hint">Off until you test or answer</span> : <Level stream={testing} />}
      </div>
      <Choice
        label="Speaker"
        devices={devices.speakers}
        chosen={desk.speakerId}
        onChoose={(device) => void chooseSpeaker(device)}
      />
      <div class="row">
        <button type="button" onClick={() => void desk.ringer.tones.test()}>
          Test ring
        </button>
      </div>
    </section>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly devices: readonly Device[];
  readonly chosen: string;
  readonly onChoose: (device: Device | undefined) => void;
}

function Choice({ label, devices, chosen, onChoose }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select
        value={chosen}
        onChange={(event) => {
          const { value } = event.currentTarget;
          onChoose(devices.find((device) => device.id === value));
        }}
      >
        <option value="">This computer's own choice</option>
        {devices
          .filter((device) => device.id !== "default")
          .map((device) => (
            <option key={device.id} value={device.id}>
              {device.label}
            </option>
          ))}
      </select>
    </label>
  );
}

function stop(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) {
    track.stop();
  }
}

/** What is plugged in, and last time's choice found again among it. Labels appear once the microphone is allowed. */
function useDevices(desk: Desk, microphone: State["microphone"]["status"]): Devices {
  const [devices, setDevices] = useState(NOTHING);
  useEffect(() => {
    const refresh = async (): Promise<void> => {
      const found = await listDevices();
      if (await microphoneAllowed()) {
        desk.microphoneId = findRemembered("microphone", found.microphones);
        desk.speakerId = findRemembered("speaker", found.speakers);
      }
      setDevices(found);
    };
    void refresh();
    return onDevicesChanged(() => void refresh());
  }, [desk, microphone]);
  return devices;
}
