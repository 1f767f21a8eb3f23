"""Whether a call is listened to: what the two people in it decided, and what a card number asked for."""

import math
import time
from collections.abc import Callable
from typing import Literal

from rtc.messages import Leg, Listening, ListeningState
from rtc.receipts import Pause, now

Reason = Literal["hold", "card_number"]


class ListeningWishes:
    """Owner: the call. Media drops what may not be heard, before it is gathered; nobody else has to be trusted.

    `stop` has no way back. `clock` is monotonic seconds.
    """

    def __init__(self, analyse: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._number = 0
        self._state: ListeningState = "on" if analyse else "declined"
        self._since = now()
        self._held_at: float | None = None
        self._paused_at: float | None = None
        self._pauses: list[tuple[Reason, float, float]] = []
        self.stopped_by: Leg | None = None
        self.stopped_at: float | None = None

    def hears(self, leg: Leg) -> bool:
        if self.held or self.stopped_by is not None or self._state == "declined":
            return False
        return leg == "agent" or self._paused_at is None

    @property
    def held(self) -> bool:
        return self._held_at is not None

    @property
    def message(self) -> Listening:
        return Listening(self._number, self._state, self._since, self.stopped_by, self.held)

    def stop(self, by: Leg) -> bool:
        """For good. False when it was stopped, or never begun: nothing changes."""
        if self._state in ("stopped", "declined"):
            return False
        self.resume()
        self.stopped_by, self.stopped_at = by, self._clock()
        self._change("stopped")
        return True

    def hold(self, value: bool) -> bool:
        """False when it was so already."""
        if value == self.held:
            return False
        if self._held_at is not None:
            self._pauses.append(("hold", self._held_at, self._clock()))
        self._held_at = self._clock() if value else None
        self._number += 1
        return True

    def pause(self) -> bool:
        """A card number is being read. False when that is known, or nobody listens anyway."""
        if self._paused_at is not None or self._state != "on":
            return False
        self._paused_at = self._clock()
        self._change("paused")
        return True

    def resume(self) -> bool:
        if self._paused_at is None:
            return False
        self._pauses.append(("card_number", self._paused_at, self._clock()))
        self._paused_at = None
        self._change("on")
        return True

    def _change(self, state: ListeningState) -> None:
        self._state, self._since = state, now()
        self._number += 1

    def pauses(self, bridged_at: float) -> list[Pause]:
        """All until now, in media time; what still goes on ends here."""
        going_on: list[tuple[Reason, float | None]] = [("hold", self._held_at), ("card_number", self._paused_at)]
        all_of_them = [*self._pauses, *((why, began, self._clock()) for why, began in going_on if began is not None)]
        return [
            Pause(why, max(0, int(began - bridged_at)), max(0, math.ceil(ended - bridged_at)))
            for why, began, ended in sorted(all_of_them, key=lambda one: one[1])
        ]
