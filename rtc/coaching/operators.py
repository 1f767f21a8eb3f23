"""What a condition may listen for besides phrases: data only. How each is evaluated stands in matching.py for words,
in timing.py for time.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from rtc.messages import Leg

Id = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,47}$")]
Line = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[^\n\r]*$")]
Seconds = Annotated[float, Meta(gt=0, le=3600)]
Share = Annotated[float, Meta(ge=0, le=1)]

EntityKind = Literal["date_of_birth", "postcode", "telephone", "card_number", "nhs_number", "money", "time"]


class Near(Struct, frozen=True, forbid_unknown_fields=True):
    """One phrase of every group, in any order, at most `within` words from the first to the last."""

    groups: Annotated[list[Annotated[list[str], Meta(min_length=1)]], Meta(min_length=2, max_length=4)]
    within: Annotated[int, Meta(ge=2, le=20)] = 8


class NOf(Struct, frozen=True, forbid_unknown_fields=True):
    """At least so many different ones of these phrases in one utterance."""

    at_least: Annotated[int, Meta(ge=2, le=20)]
    phrases: Annotated[list[str], Meta(min_length=2)]


class Digits(Struct, frozen=True, forbid_unknown_fields=True):
    """A run of spoken digits, at least this long. `first`: what its first digit may be (empty: anything)."""

    at_least: Annotated[int, Meta(ge=2, le=30)]
    first: Annotated[str, Meta(pattern="^[0-9]*$")] = ""


class Entity(Struct, frozen=True, forbid_unknown_fields=True):
    """Something of this kind is said. Only that it was, and how often; its value is looked at and dropped."""

    kind: EntityKind
    at_least: Annotated[int, Meta(ge=1, le=10)] = 1
    partial: bool = True
    """Card numbers: whether its first eight digits are enough. False: 13 to 19 digits that pass the Luhn check."""


class Semantic(Struct, frozen=True, forbid_unknown_fields=True):
    """What the turn means, however it is put: a `label` of the trained classifier, or nearness to `examples`.

    With a label, the words of the same condition count only where the classifier gives at least `confirms`.
    """

    label: Id | None = None
    examples: Annotated[list[Line], Meta(max_length=40)] = []
    counter_examples: Annotated[list[Line], Meta(max_length=40)] = []
    """A turn nearer to one of these than to every example does not count."""
    at_least: Share | None = None
    """Not given: 0.5 for a label, 0.6 for examples."""
    confirms: Share = 0.4

    @property
    def needed(self) -> float:
        return self.at_least if self.at_least is not None else 0.5 if self.label is not None else 0.6


class Repeat(Struct, frozen=True, forbid_unknown_fields=True):
    """Only from the `times`-th utterance on in which it is heard. `within_s`: all of them in so many seconds."""

    times: Annotated[int, Meta(ge=2, le=20)]
    within_s: Seconds | None = None


class Recent(Struct, frozen=True, forbid_unknown_fields=True):
    """One of these conditions was met in this utterance, or ended at most `within_s` seconds from it."""

    conditions: Annotated[list[Id], Meta(min_length=1)]
    within_s: Seconds


class Absent(Struct, frozen=True, forbid_unknown_fields=True):
    """None of `conditions` was met in time. One of three deadlines:

    `by_s` alone         so many seconds into the call
    `after` and `by_s`   so many seconds after one of `after` was met; what was said before it does not help
    `before`             when one of `before` is met
    """

    conditions: Annotated[list[Id], Meta(min_length=1)]
    by_s: Seconds | None = None
    after: list[Id] = []
    before: list[Id] = []


class Silence(Struct, frozen=True, forbid_unknown_fields=True):
    """The condition's leg (any: both) says nothing for so long."""

    at_least_s: Seconds


class CrossTalk(Struct, frozen=True, forbid_unknown_fields=True):
    """Both talk at once, so many seconds in all of the last `within_s`."""

    at_least_s: Seconds
    within_s: Seconds = 60.0


class TalkRatio(Struct, frozen=True, forbid_unknown_fields=True):
    """The leg's share of all that both said in the last `over_s` seconds is above or below this."""

    leg: Leg
    above: Share | None = None
    below: Share | None = None
    over_s: Annotated[float, Meta(ge=10, le=3600)] = 120.0


class Hold(Struct, frozen=True, forbid_unknown_fields=True):
    """The agent asked the caller to wait (`after`) and has said nothing since, for so long."""

    at_least_s: Seconds
    after: Annotated[list[Id], Meta(min_length=1)]
