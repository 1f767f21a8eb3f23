"""HTTP shapes of what became of cards, summed over all calls of a practice."""

from msgspec import Struct


class CueAnswers(Struct, frozen=True):
    """How many cards met each fate. `acknowledged` takes the place of `done` for cards that must be acknowledged."""

    done: int
    acknowledged: int
    not_relevant: int
    later: int


class CueUse(Struct, frozen=True):
    """One trigger of one version of a playbook. `answers` is None while too few cards were shown to say anything:
    about the trigger, or without saying it about one person."""

    playbook: str
    playbook_own: bool
    """The practice's own; else the starter playbook of that name."""
    playbook_version: int
    trigger: str
    shown: int
    answers: CueAnswers | None


class CuesInUse(Struct, frozen=True):
    """The triggers that have shown a card, those of the newest version first. `fewest`: from how many cards on there
    are answers."""

    items: list[CueUse]
    fewest: int
