"""The one object a call needs: words in, cues and checklist ticks out, a scorecard at the end."""

from rtc.coaching.checklist import ChecklistEngine
from rtc.coaching.conditions import Heard, Listener, Met
from rtc.coaching.cues import CueEngine, CueFired
from rtc.coaching.playbook import Playbook
from rtc.coaching.scoring import scorecard
from rtc.messages import Checklist, ChecklistItem, Cue, Scorecard


class Coach:
    """Per call, not shared between threads. After `finish` it holds nothing that was said and hears nothing more."""

    def __init__(self, playbook: Playbook) -> None:
        self._playbook = playbook
        self._listener = Listener(playbook.rules)
        self._cues = CueEngine(playbook)
        self._checklist = ChecklistEngine(playbook)
        self._met: set[str] = set()
        self._finished: Scorecard | None = None
        self._opened = False
        self.last_fired: list[CueFired] = []
        """Why the cues of the last `hear` fired: condition and operator, no words."""
        self.last_met: list[Met] = []
        """All conditions that the last `hear` met, those of criteria and flags too."""

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
        met = self.last_met = self._listener.hear(heard)
        self._met.update(one.condition for one in met)
        self.last_fired = self._cues.consider(met)
        return [*(fired.cue for fired in self.last_fired), *opening, *self._checklist.consider(met)]

    def finish(self, duration_s: float, coverage: float) -> Scorecard:
        """Score the call and forget it. `duration_s` since both legs were bridged; `coverage` 0 to 1.

        Asked again it gives the same scorecard.
        """
        if self._finished is None:
            self._finished = scorecard(self._playbook, self._checklist, self._met, duration_s, coverage)
            self._listener.forget()
            self._met.clear()
            self.last_fired = []
            self.last_met = []
        return self._finished
