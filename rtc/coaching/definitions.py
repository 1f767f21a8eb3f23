"""What a playbook is made of: data only. Names follow the field's usage (condition, trigger, criterion, flag).

`playbook.py` reads these from YAML, `checking.py` checks that they fit together.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from rtc.coaching.operators import (
    Absent,
    CrossTalk,
    Digits,
    Entity,
    Hold,
    Id,
    Line,
    Near,
    NOf,
    Recent,
    Repeat,
    Seconds,
    Semantic,
    Share,
    Silence,
    TalkRatio,
)
from rtc.messages import Lane

MAX_TITLE_WORDS = 7

Action = Literal["cue_card", "checklist_tick", "supervisor_alert", "pause_analysis"]


class AppliesTo(Struct, frozen=True, forbid_unknown_fields=True):
    """Which calls the playbook is for. No lines: every line."""

    lines: list[Line] = []
    direction: Literal["inbound", "outbound", "any"] = "any"


class Head(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything in the file but its four sections."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,63}$")]
    title: Line
    version: Annotated[int, Meta(ge=1)]
    status: Literal["draft", "published", "archived"] = "draft"
    language: Annotated[str, Meta(pattern="^[a-z]{2}(-[A-Z]{2})?$")]
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")]
    emergency_number: Annotated[str, Meta(pattern="^[0-9]{2,4}$")]
    applies_to: AppliesTo = AppliesTo()
    min_duration_s: Annotated[float, Meta(ge=0, le=600)]
    """Shorter calls are not scored."""
    min_coverage: Share
    """Calls of which less was understood are not scored."""
    words: dict[str, list[str]] = {}
    """Lists that phrases may name: `{<body part>} hurts`."""


class Condition(Struct, frozen=True, forbid_unknown_fields=True):
    """Met in one of three ways; a condition uses one of them only.

    words         an utterance of `leg` in which any operator from `phrases` to `semantic` hits
    other conditions   `any` or `all` of those named, or the `absent` ones
    time          `silence`, `cross_talk`, `talk_ratio`, `hold`, `elapsed_s`

    Whatever stands below `repeat` narrows it.
    """

    leg: Literal["agent", "patient", "any"]
    phrases: list[str] = []
    """Any of them."""
    all_phrases: list[str] = []
    """All of them in one utterance."""
    n_of_phrases: NOf | None = None
    near: list[Near] = []
    digits: Digits | None = None
    regex: list[str] = []
    """Any of them, on the words as they are read: lower case, numbers as digits, one space between. See regexes.py."""
    entity: Entity | None = None
    semantic: Semantic | None = None

    any: list[Id] = []
    all: list[Id] = []
    at_least: Annotated[int, Meta(ge=1, le=20)] = 1
    """How many different ones of `any`."""
    within_s: Seconds | None = None
    """Those of `any` and `all` that count together were met at most so far apart. None: in the same call."""
    absent: Absent | None = None

    silence: Silence | None = None
    cross_talk: CrossTalk | None = None
    talk_ratio: TalkRatio | None = None
    hold: Hold | None = None
    elapsed_s: Seconds | None = None

    repeat: Repeat | None = None
    not_: list[Id] = field(name="not", default_factory=list)
    """None of these was met so far."""
    no_phrases: list[str] = []
    """Utterances in which any of these occurs do not count."""
    unless: list[str] = []
    """A hit that shares a word with one of these does not count."""
    negatable: bool = True
    """A hit that is negated ("no chest pain", "it's gone now") does not count. False for words that mean the same when
    negated ("don't read me your card number")."""
    past: bool = True
    """False: what is over ("in 2019", "when I was a kid", "my uncle died of") does not count."""
    supposed: bool = True
    """False: what is only supposed ("what if I got", "the leaflet says") does not count."""
    answered: bool = True
    """Words of the patient: also met when the agent asks for it and the patient says yes."""
    after: Recent | None = None
    not_after: Recent | None = None
    before: Recent | None = None
    """Counts once one of these is met in time, and is met then."""
    from_s: Seconds | None = None
    """Only in utterances that begin from this second of the call on."""
    until_s: Seconds | None = None
    """Only in utterances that begin before this second of the call."""
    last_s: Seconds | None = None
    """Only in the last seconds of the call. Known when it is over: for criteria and flags."""
    share: tuple[Share, Share] | None = None
    """Only in this part of the call, as shares of its duration ([0, 0.2]: its first fifth). Known when it is over."""
    on: Literal["partial", "final"] = "partial"
    """Whether stable partials count, or finals only."""
    min_confidence: Share = 0.0
    """Utterances recognised with less confidence do not count."""

    @property
    def late(self) -> bool:
        """Whether it can only be judged when the call is over."""
        return self.last_s is not None or self.share is not None

    @property
    def hears(self) -> bool:
        """Whether it is met by words."""
        return bool(
            self.phrases
            or self.all_phrases
            or self.n_of_phrases
            or self.near
            or self.digits
            or self.regex
            or self.entity
            or self.semantic
        )

    @property
    def composed(self) -> bool:
        """Whether it is met by other conditions."""
        return bool(self.any or self.all or self.absent)

    @property
    def refers(self) -> dict[str, list[str]]:
        """The conditions it asks about, by the key that names them."""
        named: dict[str, list[str]] = {"any": self.any, "all": self.all, "not": self.not_}
        for key, recent in (("after", self.after), ("not_after", self.not_after), ("before", self.before)):
            named[f"{key}.conditions"] = recent.conditions if recent else []
        if self.absent is not None:
            named |= {f"absent.{key}": getattr(self.absent, key) for key in ("conditions", "after", "before")}
        if self.hold is not None:
            named["hold.after"] = self.hold.after
        return {key: names for key, names in named.items() if names}

    @property
    def timed(self) -> bool:
        """Whether it is met by time passing."""
        return bool(self.silence or self.cross_talk or self.talk_ratio or self.hold or self.elapsed_s)


class Trigger(Struct, frozen=True, forbid_unknown_fields=True):
    """Something to be done when any of `conditions` is met: first of all a card for the agent."""

    lane: Lane
    conditions: Annotated[list[Id], Meta(min_length=1)]
    title: Line
    say: Line
    do_not_say: Line | None = None
    priority: Annotated[int, Meta(ge=0, le=1000)] = 500
    """Higher goes first inside its lane."""
    cooldown_s: Seconds | None = None
    """Seconds before it may fire again."""
    once: bool | None = None
    """Once per call. Not given: once, unless there is a cooldown."""
    max_per_call: Annotated[int, Meta(ge=1, le=100)] | None = None
    suppressed_by: list[Id] = []
    """Does not fire once any of these was met."""
    ttl_s: Seconds | None = None
    """Coach lane: the card goes by itself after so long. The other lanes' cards stay."""
    needs_ack: bool | None = None
    """The card stays until the agent has acknowledged it. Not given: in the safety lane."""
    actions: Annotated[list[Action], Meta(min_length=1)] = field(default_factory=lambda: ["cue_card"])
    """`pause_analysis`: the caller is not listened to until the agent says so; what was not yet understood is wiped."""
    ticks: list[Id] = []
    """`checklist_tick`: criteria that count as met."""

    @property
    def once_per_call(self) -> bool:
        return self.cooldown_s is None if self.once is None else self.once

    @property
    def acknowledged(self) -> bool:
        return self.lane == "safety" if self.needs_ack is None else self.needs_ack


class Option(Struct, frozen=True, forbid_unknown_fields=True):
    """One outcome of a criterion: reached with so many different conditions of `met_by`, worth this share of it."""

    label: Line
    at_least: Annotated[int, Meta(ge=1)]
    share: Annotated[float, Meta(gt=0, le=1)]


class Criterion(Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the checklist and of the score: met by something said, or lost by something said and else met.

    With both, what is said for it ticks it at once, and what is said against it has the last word.
    """

    label: Line
    weight: Annotated[int, Meta(ge=1, le=100)]
    met_by: list[Id] = []
    at_least: Annotated[int, Meta(ge=1)] = 1
    """How many different conditions of `met_by` are needed for all of it."""
    options: list[Option] = []
    """Part of the weight for less than `at_least`: two details of three."""
    evidence_needed: Annotated[int, Meta(ge=1, le=20)] = 1
    """In how many utterances it must have been heard."""
    broken_by: list[Id] = []
    applies_if: list[Id] = []
    """Applies once any of these conditions was met. Empty: applies to every call."""
    waived_if: list[Id] = []
    """No longer asked for once any of these was met: an emergency comes before administration."""
    automatic_fail: bool = False
    """When it is not met the whole call may be failed: by a person who confirms it, never by us."""
    abstains_below: Share = 0.5
    """Not heard, while less than this share of the side's speech was understood: no judgement, and no weight."""


class ConductFlag(Struct, frozen=True, forbid_unknown_fields=True):
    """Raised by what the agent says. Never about the patient's condition."""

    severity: Literal["critical", "major", "minor"]
    about: Literal["conduct", "process", "system"]
    raised_by: Annotated[list[Id], Meta(min_length=1)]


class PlaybookFile(Head, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A playbook as it is written: one YAML file."""

    conditions: Annotated[dict[Id, Condition], Meta(min_length=1)]
    triggers: Annotated[dict[Id, Trigger], Meta(min_length=1)]
    criteria: Annotated[dict[Id, Criterion], Meta(min_length=1)]
    flags: Annotated[dict[Id, ConductFlag], Meta(min_length=1)]
