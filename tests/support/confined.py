"""`python -m tests.support.confined media|speech FOLDER [stay]`: the attempts of `attempts.py` in place of the real
process, by way of the real launcher. With `stay` they are printed, and then it waits for the end of its input."""

import sys

from rtc import launcher
from rtc.sandbox import Process
from rtc.settings import ListeningSettings, MediaSettings, SpeechSettings, load


def main(process: Process, folder: str, *more: str) -> int:
    bus = load(ListeningSettings).bus
    settings = ListeningSettings(bus, MediaSettings(addresses=["127.0.0.1"]), SpeechSettings())
    command = [sys.executable, "-m", "tests.support.attempts", folder, *more]
    return launcher.start(process, settings, command)


if __name__ == "__main__":
    which: Process = "media" if sys.argv[1] == "media" else "speech"
    sys.exit(main(which, *sys.argv[2:]))
