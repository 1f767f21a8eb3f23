"""The machine's clock, set ahead by a test: what waits for seconds is due at once, real sockets go on meanwhile."""

import time
from types import ModuleType

import pytest


class ClockAhead:
    """In place of the module `time` in the modules named. `ahead` in seconds; it only grows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
        self.ahead = 0.0
        for module in modules:
            monkeypatch.setattr(module, "time", self)

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def time(self) -> float:
        return time.time() + self.ahead
