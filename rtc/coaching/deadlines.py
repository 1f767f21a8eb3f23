"""Conditions that time meets: silence, holds, and what was not said by its deadline. Per call, no words."""

from collections.abc import Mapping

from rtc.coaching.definitions import Condition
from rtc.coaching.hearing import Met
from rtc.coaching.operators import Absent, Hold
from rtc.coaching.rules import Rules
from rtc.coaching.timing import CallClock
from rtc.messages import Leg

TIMED_EVERY_S = 1.0
"""How often conditions of time are looked at."""

GRACE_S = 4.0
"""A deadline waits so long for words that were spoken before it and are not recognised yet."""


class Deadlines:
    """Owner: the call's listener. A condition of time is met when it begins to hold."""

    def __init__(self, rules: Rules, clock: CallClock) -> None:
        self._rules = rules
        self._clock = clock
        self._waiting_since: dict[str, float] = {}
        """Absences whose time runs."""
        self._standing: set[str] = set()
        """Conditions that hold now."""
        self._looked_at = -TIMED_EVERY_S

    def due(self, at: float) -> bool:
        """Whether it is time to look, if there is anything to look at."""
        if not self._rules.on_time or at - self._looked_at < TIMED_EVERY_S:
            return False
        self._looked_at = at
        return True

    def begins(self, name: str, wanted: Condition, admitted: bool, last_met: Mapping[str, float]) -> str | None:
        """The operator by which the condition begins to hold now."""
        operator = self._holds(name, wanted, last_met) if admitted else None
        if operator is None:
            self._standing.discard(name)
            return None
        if name in self._standing:
            return None
        self._standing.add(name)
        return operator

    def met(self, met: list[Met]) -> None:
        """What was met starts the time of an absence, or ends it."""
        for name, wanted in self._rules.on_time:
            if wanted.absent is not None and wanted.absent.after:
                self._time(name, wanted.absent, met)

    def forget(self) -> None:
        self._waiting_since.clear()
        self._standing.clear()

    def _holds(self, name: str, wanted: Condition, last_met: Mapping[str, float]) -> str | None:
        clock = self._clock
        side: Leg | None = None if wanted.leg == "any" else wanted.leg
        held = {
            "elapsed": wanted.elapsed_s is not None and clock.now >= wanted.elapsed_s,
            "silence": wanted.silence is not None and clock.silent_s(side) >= wanted.silence.at_least_s,
            "cross_talk": wanted.cross_talk is not None and clock.crosses(wanted.cross_talk),
            "talk_ratio": wanted.talk_ratio is not None and clock.leans(wanted.talk_ratio),
            "hold": wanted.hold is not None and self._on_hold(wanted.hold, last_met),
            "absent": wanted.absent is not None and self._overdue(name, wanted.absent, last_met),
        }
        return next((operator for operator, holds in held.items() if holds), None)

    def _on_hold(self, hold: Hold, last_met: Mapping[str, float]) -> bool:
        asked = max((last_met[one] for one in hold.after if one in last_met), default=None)
        if asked is None or self._clock.spoken_since("agent", asked):
            return False
        return min(self._clock.silent_s("agent"), self._clock.now - asked) >= hold.at_least_s

    def _overdue(self, name: str, absent: Absent, last_met: Mapping[str, float]) -> bool:
        since = self._waiting_since.get(name) if absent.after else 0.0
        if absent.by_s is None or since is None:
            return False
        deadline = since + absent.by_s
        known = self._clock.known_to(self._rules.leg_of(absent.conditions))
        if self._clock.now < deadline or (known < deadline and self._clock.now < deadline + GRACE_S):
            return False
        return bool(absent.after) or not any(one in last_met for one in absent.conditions)

    def _time(self, name: str, absent: Absent, met: list[Met]) -> None:
        for one in sorted(met, key=lambda one: one.at):
            since = self._waiting_since.get(name)
            if one.condition in absent.after and since is None:
                self._waiting_since[name] = one.at
            elif since is not None and (
                one.condition == name or (one.condition in absent.conditions and one.at >= since)
            ):
                del self._waiting_since[name]
