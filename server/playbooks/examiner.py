"""`python -m server.playbooks.examiner`: one Job on stdin, lines of JSON on stdout (RunAnswer), and the end.

What a manager wrote is read in this process and not in the server: it has no settings, no database and no bus, may
write no file, gives way to calls, and is stopped when it takes too long.
"""

import os
import resource
import sys
import time

import msgspec

from server.playbooks.examination import Checked, check, run
from server.playbooks.job import Job
from server.playbooks.schemas import CannotRun, RunAnswer, RunProgress

CPU_SECONDS = 150
MEMORY_BYTES = 4 << 30
PROGRESS_SECONDS = 0.2


def main() -> int:
    limit()
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    checked = check(job)
    if not isinstance(checked, Checked):
        _say(CannotRun(checked))
    elif not job.run:
        _say(CannotRun([]))
    else:
        _say(run(job, checked, Progress(len(checked.own) + len(checked.starter)).heard))
    return 0


def limit() -> None:
    """A write to a file ends in an error (Python ignores SIGXFSZ); too much time or memory ends the process."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    os.nice(5)


class Progress:
    """Says how far the run is, a few times a second."""

    def __init__(self, of: int) -> None:
        self._of = of
        self._done = 0
        self._said = time.monotonic()

    def heard(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._said >= PROGRESS_SECONDS:
            self._said = now
            _say(RunProgress(self._done, self._of))


def _say(answer: RunAnswer) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
