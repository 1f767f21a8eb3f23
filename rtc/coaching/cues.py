"""Triggers that fire: at most once per utterance, and once per call unless their cooldown has passed."""

from msgspec import Struct

from rtc.coaching.conditions import Met
from rtc.coaching.playbook import Playbook
from rtc.messages import Cue, Lane

_URGENCY: dict[Lane, int] = {"safety": 0, "compliance": 1, "coach": 2}


class CueFired(Struct, frozen=True):
    """A cue and why: the condition that was met, and what found it ("phrase", "near", "digits")."""

    cue: Cue
    trigger: str
    condition: str
    operator: str


class CueEngine:
    """Per call. Cue ids are the trigger's name and how many times it has fired."""

    def __init__(self, playbook: Playbook) -> None:
        self._triggers = sorted(playbook.triggers.items(), key=lambda item: _URGENCY[item[1].lane])
        self._fired: dict[str, list[Met]] = {}

    def consider(self, met: list[Met]) -> list[CueFired]:
        """The cues for what was newly met, the most urgent lane first."""
        fired = []
        by_condition = {one.condition: one for one in met}
        for name, trigger in self._triggers:
            reason = next((by_condition[c] for c in trigger.conditions if c in by_condition), None)
            if reason is None or not self._may_fire(name, trigger.cooldown_s, reason):
                continue
            before = self._fired.setdefault(name, [])
            before.append(reason)
            cue = Cue(
                id=f"{name}-{len(before)}",
                lane=trigger.lane,
                label=name,
                title=trigger.title,
                say=trigger.say,
                do_not_say=trigger.do_not_say,
                leg=reason.leg,
                at=reason.at,
            )
            fired.append(CueFired(cue, name, reason.condition, reason.operator))
        return fired

    def _may_fire(self, name: str, cooldown_s: float | None, reason: Met) -> bool:
        before = self._fired.get(name)
        if not before:
            return True
        if cooldown_s is None or any(one.utterance == reason.utterance for one in before):
            return False
        return reason.at - before[-1].at >= cooldown_s
