"""`python -m rtc.media`: the media process, settings from the environment. Started by `rtc.launcher`, it is confined.

`--state`: print what the kernel forbids it, as JSON, and end.
"""

import asyncio
import sys

import msgspec

from rtc.bus import Unreachable
from rtc.locked_memory import SoundMemory
from rtc.media.post import PLACE_BYTES
from rtc.media.worker import main
from rtc.refusals import Refusals
from rtc.sandbox import NotConfined, confirm, insist
from rtc.settings import ListeningSettings, SettingsError, load

OTHER_PROCESSES = frozenset({"server", "database", "identity", "session", "turn"})

try:
    settings = load(ListeningSettings, ignore=OTHER_PROCESSES)
    memory = SoundMemory(2 * settings.media.capacity, PLACE_BYTES)
    state = confirm("media", settings, memory)
    if sys.argv[1:] == ["--state"]:
        sys.stdout.write(msgspec.json.encode(state).decode() + "\n")
    else:
        insist(state, settings.sandbox)
        refusals = Refusals(settings.bus, kernel_tells=state.holds("denials"))
        asyncio.run(main(settings, memory, state, refusals))
except (SettingsError, NotConfined, Unreachable) as error:
    sys.exit(f"media: {error}")
