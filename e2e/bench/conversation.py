"""What a benchmark call says, and what should be heard in it."""

import json
from pathlib import Path
from typing import get_args

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
    folder: Path
    packets: dict[Leg, list[bytes]]
    quiet: bytes
    triggers: list[Trigger]
    words: dict[Leg, str]
    """What each side says, for the word error rate."""
    burst_s: float
    """The middle of the conversation, while the agent speaks: no trigger phrase is cut by it."""

    @property
    def seconds(self) -> float:
        return len(self.packets["patient"]) / 50

    def file(self, leg: Leg) -> Path:
        return self.folder / f"{self.name}.{leg}.flac"


def load(name: str, folder: Path = RECORDINGS) -> Conversation:
    marks = json.loads((folder / f"{name}.marks.json").read_text())
    triggers = [
        Trigger(m["trigger"], m["speaker"], m["start"], m["end"], m.get("timed", True)) for m in marks if "trigger" in m
    ]
    legs: tuple[Leg, ...] = get_args(Leg)
    packets = {leg: opus_packets(folder / f"{name}.{leg}.flac") for leg in legs}
    words = {leg: " ".join(m["text"] for m in marks if m["speaker"] == leg) for leg in legs}
    turns = [m["start"] for m in marks if m["speaker"] == "agent"]
    return Conversation(name, folder, packets, silence(10)[-1], triggers, words, turns[len(turns) // 2])
