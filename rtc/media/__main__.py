"""`python -m rtc.media`: the media process, settings from the environment."""

import asyncio
import sys

from rtc.bus import Unreachable
from rtc.media.worker import main
from rtc.settings import ListeningSettings, SettingsError, load

OTHER_PROCESSES = frozenset({"server", "database", "identity", "session", "turn"})

try:
    asyncio.run(main(load(ListeningSettings, ignore=OTHER_PROCESSES)))
except (SettingsError, Unreachable) as error:
    sys.exit(f"media: {error}")
