"""What `clinixcue up` says while it works: one line for each step, with the time it took."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO

TELL_AFTER = 3.0
"""A step that takes longer says how long it has been going, so often."""


class Reporter:
    """Writes lines for people; every line is complete, so that it reads the same in a terminal and in a log."""

    def __init__(self, out: TextIO = sys.stdout, tell_after: float = TELL_AFTER) -> None:
        self._out = out
        self._tell_after = tell_after

    def line(self, text: str) -> None:
        """A reader that went away (a closed pipe) is no reason to stop."""
        with contextlib.suppress(OSError, ValueError):
            self._out.write(text + "\n")
            self._out.flush()

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say `name` and its duration when it ends, and that it goes on while it does. Silent when it raises."""
        started = time.monotonic()
        ended = threading.Event()

        def tell() -> None:
            while not ended.wait(self._tell_after):
                self.line(f"  {name}, {time.monotonic() - started:.0f} s so far")

        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        try:
            yield
        finally:
            ended.set()
            teller.join()
        self.line(f"  {name}: {time.monotonic() - started:.1f} s")
