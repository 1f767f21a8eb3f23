"""The sentences that the classifier is trained on. Written for it, by people who knew only what each label means."""

import hashlib
from importlib.resources import files
from pathlib import Path

import msgspec
from msgspec import Struct

from rtc.coaching.classifier.labels import BY_LEG
from rtc.messages import Leg

FOLDER = Path(__file__).parent / "sentences"
"""In the repository only; the wheel carries what was learnt from them."""

TUNING = "cases/gp-reception/tuning.jsonl"

_LEGS: dict[str, Leg] = {"p": "patient", "a": "agent"}


class Sentence(Struct, frozen=True):
    leg: Leg
    labels: frozenset[str]
    text: str
    source: str


class SentencesError(Exception):
    """A line that is no sentence; the text says where and why."""


def written() -> list[Sentence]:
    """Those of the folder, in a fixed order. Raises SentencesError."""
    paths = sorted(FOLDER.glob("*.tsv"))
    if not paths:
        raise SentencesError("the sentences are only in the repository: train from a clone of it")
    return [
        _sentence(line, f"{path.name}:{number}")
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    ]


def tuning() -> list[Sentence]:
    """The tuning part of the cases, written by others than the sentences were."""
    lines = files("rtc.coaching").joinpath(TUNING).read_bytes().splitlines()
    cases = [msgspec.json.decode(line) for line in lines if line.strip()]
    return [
        Sentence(
            case["speaker"],
            # What the agent says is never the patient's label: a card number read back is found by its digits.
            frozenset(case["expect"]) & frozenset(BY_LEG[case["speaker"]]),
            case["text"],
            case["id"],
        )
        for case in cases
    ]


def fingerprint(sentences: list[Sentence]) -> str:
    """Of what is learnt from: the weights state it, so that a change of sentences without training is noticed."""
    whole = "".join(f"{one.leg}\t{','.join(sorted(one.labels))}\t{one.text}\n" for one in sentences)
    return hashlib.sha256(whole.encode()).hexdigest()


def _sentence(line: str, source: str) -> Sentence:
    parts = line.split("\t")
    if len(parts) != 3 or parts[0] not in _LEGS or not parts[2].strip():
        raise SentencesError(f"{source}: is not 'p' or 'a', labels and text, with one tab between")
    leg = _LEGS[parts[0]]
    labels = frozenset() if parts[1] == "-" else frozenset(parts[1].split(","))
    unknown = labels - frozenset(BY_LEG[leg])
    if unknown:
        raise SentencesError(f"{source}: the {leg} cannot say '{min(unknown)}'")
    return Sentence(leg, labels, parts[2], source)
