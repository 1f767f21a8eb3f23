"""The one object a call needs: words and time in, cues and checklist ticks out, a scorecard at the end."""

from collections.abc import Mapping

from rtc.coaching.checklist import ChecklistEngine
from rtc.coaching.conditions import Listener
from rtc.coaching.cues import CueEngine, CueFired
from rtc.coaching.hearing import Heard, Met
from rtc.coaching.playbook import Playbook
from rtc.coaching.scoring import Understanding, scorecard
from rtc.messages import Checklist, ChecklistItem, Cue, Lane, Leg, Scorecard


class Coach:
    """Per call, not shared between threads. After `finish` it holds nothing that was said and hears nothing more."""

    def __init__(self, playbook: Playbook) -> None:
        self._playbook = playbook
        self._listener = Listener(playbook.rules)
        self._cues = CueEngine(playbook)
        self._checklist = ChecklistEngine(playbook)
        self._understanding = Understanding(playbook)
        self._met: set[str] = set()
        self._finished: Scorecard | None = None
        self._opened = False
        self._caller_talks = False
        self.alerts: list[Lane] = []
        """Lanes of triggers of the last `hear` or `tick` that want a supervisor to know, the most urgent first."""
        self.last_fired: list[CueFired] = []
        """Why the triggers of the last `hear` or `tick` fired: condition and operator, no words. The cards of the coach
        lane may be shown later, see cues.py."""
        self.last_met: list[Met] = []
        """All conditions that the last `hear` or `tick` met, those of criteria and flags too."""

    @property
    def checklist_items(self) -> list[ChecklistItem]:
        return self._checklist.items

    @property
    def checklist_states(self) -> list[Checklist]:
        """Every criterion's state now, for an agent whose page has just connected."""
        return self._checklist.states

    def hear(self, heard: Heard) -> list[Cue | Checklist]:
        """Cues first, the safety lane before the others, then checklist changes.

        Rows start as open; the first call also tells which do not apply so far.
        """
        if self._finished is not None:
            return []
        opening = [] if self._opened else [row for row in self._checklist.states if row.state != "open"]
        self._opened = True
        if heard.leg == "patient":
            self._caller_talks = not heard.final
        if heard.final:
            self._understanding.heard(heard)
        shown, changed = self._consider(self._listener.hear(heard), heard.end)
        return [*shown, *opening, *changed]

    def tick(
        self, at: float, speaking: frozenset[Leg] = frozenset(), heard_to: Mapping[Leg, float] | None = None
    ) -> list[Cue | Checklist]:
        """Time has passed: deadlines, silence, cards that wait for a pause. `at` is now, in media seconds.

        `speaking`: the sides whose voice is heard now. `heard_to`: up to where a side's words are known, where older
        speech is still being recognised.
        """
        if self._finished is not None:
            return []
        self._caller_talks = "patient" in speaking
        shown, changed = self._consider(self._listener.tick(at, speaking, dict(heard_to or {})), at)
        return [*shown, *changed]

    def _consider(self, met: list[Met], at: float) -> tuple[list[Cue], list[Checklist]]:
        self.last_met = met
        self._met.update(one.condition for one in met)
        self.last_fired = self._cues.consider(met)
        self.alerts = []
        changed = self._checklist.consider(met)
        for fired in self.last_fired:
            trigger = self._playbook.triggers[fired.trigger]
            changed += self._checklist.tick(trigger.ticks)
            if "supervisor_alert" in trigger.actions:
                self.alerts.append(trigger.lane)
        return self._cues.show(self.last_fired, at, not self._caller_talks), changed

    @property
    def pauses_analysis(self) -> bool:
        """Whether the last `hear` or `tick` wants the caller not to be listened to: a card number is read aloud."""
        fired = (self._playbook.triggers[one.trigger] for one in self.last_fired)
        return any("pause_analysis" in trigger.actions for trigger in fired)

    def finish(self, duration_s: float, coverage: float) -> Scorecard:
        """Score the call and forget it. `duration_s` since both legs were bridged; `coverage` 0 to 1.

        Asked again it gives the same scorecard.
        """
        if self._finished is None:
            late = self._listener.finish(duration_s)
            self._checklist.consider(late)
            self._met.update(one.condition for one in late)
            self._finished = scorecard(
                self._playbook, self._checklist, self._understanding, self._met, duration_s, coverage
            )
            self._listener.forget()
            self._met.clear()
            self.last_fired = []
            self.last_met = []
        return self._finished
