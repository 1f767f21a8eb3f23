"""What a benchmark call says, and what should be heard in it."""

import json
from pathlib import Path

from msgspec import Struct

from rtc.messages import Leg
from rtc.synthetic.sound import opus_packets, silence

RECORDINGS = Path(__file__).parent / "recordings"


class Trigger(Struct, frozen=True):
    """A phrase that must raise a cue: its label, the side that says it, and its turn, in seconds.

    `timed`: the phrase is the end of its turn, so that the moment of its last word is exactly known. The others count
    as found or missed only.
    """

    label: str
    leg: Leg
    start: float
    end: float
    timed: bool


class Conversation(Struct, frozen=True):
    """Both sides as Opus packets on one timeline, encoded before anything is measured."""

    name: str
    packets: dict[Leg, list[bytes]]
    quiet: bytes
    triggers: list[Trigger]

    @property
    def seconds(self) -> float:
        return len(self.packets["patient"]) / 50

    def file(self, leg: Leg) -> Path:
        return RECORDINGS / f"{self.name}.{leg}.flac"


def load(name: str) -> Conversation:
    marks = json.loads((RECORDINGS / f"{name}.marks.json").read_text())
    triggers = [
        Trigger(m["trigger"], m["speaker"], m["start"], m["end"], m.get("timed", True)) for m in marks if "trigger" in m
    ]
    packets: dict[Leg, list[bytes]] = {
        "agent": opus_packets(RECORDINGS / f"{name}.agent.flac"),
        "patient": opus_packets(RECORDINGS / f"{name}.patient.flac"),
    }
    return Conversation(name, packets, silence(10)[-1], triggers)
