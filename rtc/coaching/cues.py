"""Triggers that fire, and when their cards are shown.

A trigger fires at most once per utterance, and once per call unless it may again. Cards of the safety and compliance
lanes are shown at once. Cards of the coach lane wait until the caller pauses, and come one at a time.
"""

from msgspec import Struct

from rtc.coaching.definitions import Trigger
from rtc.coaching.hearing import Met
from rtc.coaching.playbook import Playbook
from rtc.messages import Cue, Lane

_URGENCY: dict[Lane, int] = {"safety": 0, "compliance": 1, "coach": 2}

COACH_TTL_S = 20.0
"""A card of the coach lane that its trigger gives no time goes by itself after so long, and makes room for the next."""

MAX_WAIT_S = 45.0
"""Advice that found no pause for so long is about something else by now."""


class CueFired(Struct, frozen=True):
    """A cue and why: the condition that was met, and what found it ("phrase", "near", "semantic" and so on)."""

    cue: Cue
    trigger: str
    condition: str
    operator: str


class CueEngine:
    """Per call. Cue ids are the trigger's name and how many times it has fired."""

    def __init__(self, playbook: Playbook) -> None:
        self._triggers = sorted(playbook.triggers.items(), key=lambda item: (_URGENCY[item[1].lane], -item[1].priority))
        self._definitions = playbook.triggers
        self._fired: dict[str, list[Met]] = {}
        self._met: set[str] = set()
        self._waiting: list[Cue] = []
        self._shown_until = 0.0

    def consider(self, met: list[Met]) -> list[CueFired]:
        """The triggers fired by what was newly met, the most urgent first."""
        self._met.update(one.condition for one in met)
        fired = []
        by_condition = {one.condition: one for one in met}
        for name, trigger in self._triggers:
            reason = next((by_condition[c] for c in trigger.conditions if c in by_condition), None)
            if reason is None or not self._may_fire(name, trigger, reason):
                continue
            before = self._fired.setdefault(name, [])
            before.append(reason)
            fired.append(CueFired(_card(name, trigger, reason, len(before)), name, reason.condition, reason.operator))
        return fired

    def show(self, fired: list[CueFired], at: float, caller_pauses: bool) -> list[Cue]:
        """The cards to be shown now, those that waited too. `at` is now, in media seconds."""
        cards = [one.cue for one in fired if "cue_card" in self._definitions[one.trigger].actions]
        shown = [cue for cue in cards if cue.lane != "coach"]
        self._waiting += [cue for cue in cards if cue.lane == "coach"]
        self._waiting = [cue for cue in self._waiting if at - cue.at <= MAX_WAIT_S]
        if self._waiting and caller_pauses and at >= self._shown_until:
            first = min(self._waiting, key=lambda cue: (-self._definitions[cue.label].priority, cue.at))
            self._waiting.remove(first)
            self._shown_until = at + (first.ttl_s or COACH_TTL_S)
            shown.append(first)
        return shown

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    def _may_fire(self, name: str, trigger: Trigger, reason: Met) -> bool:
        if any(condition in self._met for condition in trigger.suppressed_by):
            return False
        before = self._fired.get(name)
        if not before:
            return True
        if trigger.once_per_call or any(one.utterance == reason.utterance for one in before):
            return False
        if trigger.max_per_call is not None and len(before) >= trigger.max_per_call:
            return False
        return trigger.cooldown_s is None or reason.at - before[-1].at >= trigger.cooldown_s


def _card(name: str, trigger: Trigger, reason: Met, number: int) -> Cue:
    return Cue(
        id=f"{name}-{number}",
        lane=trigger.lane,
        label=name,
        title=trigger.title,
        say=trigger.say,
        do_not_say=trigger.do_not_say,
        leg=reason.leg,
        at=reason.at,
        ttl_s=(trigger.ttl_s or COACH_TTL_S) if trigger.lane == "coach" else None,
        needs_ack=trigger.acknowledged,
    )
