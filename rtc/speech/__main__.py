"""`python -m rtc.speech`: the speech process, settings from the environment. Started by `rtc.launcher`, it is confined.

`--state`: print what the kernel forbids it, as JSON, and end.
"""

import asyncio
import sys

import msgspec

from rtc.bus import Unreachable
from rtc.coaching.classifier.encoder import EncoderError
from rtc.locked_memory import SoundMemory
from rtc.refusals import Refusals
from rtc.sandbox import NotConfined, confirm, insist
from rtc.settings import ListeningSettings, SettingsError, load
from rtc.speech.device import DeviceError
from rtc.speech.frames import RING_BYTES
from rtc.speech.weights import WeightsError
from rtc.speech.worker import main

OTHER_PROCESSES = frozenset({"server", "database", "identity", "session", "turn"})

try:
    settings = load(ListeningSettings, ignore=OTHER_PROCESSES)
    memory = SoundMemory(2 * settings.speech.capacity, RING_BYTES)
    state = confirm("speech", settings, memory)
    if sys.argv[1:] == ["--state"]:
        sys.stdout.write(msgspec.json.encode(state).decode() + "\n")
    else:
        insist(state, settings.sandbox)
        refusals = Refusals(settings.bus, kernel_tells=state.holds("denials"))
        asyncio.run(main(settings, memory, state, refusals))
except (SettingsError, NotConfined, WeightsError, EncoderError, DeviceError, Unreachable) as error:
    sys.exit(f"speech: {error}")
