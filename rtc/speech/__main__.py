"""`python -m rtc.speech`: the speech process, settings from the environment."""

import asyncio
import sys

from rtc.bus import Unreachable
from rtc.settings import ListeningSettings, SettingsError, load
from rtc.speech.device import DeviceError
from rtc.speech.weights import WeightsError
from rtc.speech.worker import main

OTHER_PROCESSES = frozenset({"server", "database", "identity", "session", "turn"})

try:
    asyncio.run(main(load(ListeningSettings, ignore=OTHER_PROCESSES)))
except (SettingsError, WeightsError, DeviceError, Unreachable) as error:
    sys.exit(f"speech: {error}")
