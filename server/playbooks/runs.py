"""Drafts examined in processes of their own, a few at a time, so that neither calls nor the server wait for them."""

import asyncio
import contextlib
import hashlib
import os
import sys
from collections import OrderedDict
from collections.abc import AsyncIterator

import msgspec

from server.faults import Fault
from server.logs import log
from server.playbooks.job import Job
from server.playbooks.schemas import CannotRun, CaseRun, RunAnswer, RunProgress

AT_ONCE = 2
CHECK_SECONDS = 30.0
RUN_SECONDS = 180.0
"""With the time a job waits for its turn."""

KEPT = 8
"""Results by their job: who has just run the cases need not wait for them again to publish."""

TOO_MUCH = "it needs more time or memory than a playbook may; make it smaller"
MAX_LINE_BYTES = 4 << 20
COMMAND = (sys.executable, "-P", "-m", "server.playbooks.examiner")
ENVIRONMENT = ("PATH", "HOME", "LANG")
"""Nothing of ours: a manager's text is read without a password in reach."""

_answers = msgspec.json.Decoder(RunAnswer)


class Runs:
    """One per server process."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._kept: OrderedDict[bytes, CaseRun] = OrderedDict()

    async def faults(self, job: Job) -> list[Fault]:
        """What is wrong with the text and its cases; empty when they can be run."""
        answer = await self.result(msgspec.structs.replace(job, run=False))
        return answer.faults if isinstance(answer, CannotRun) else []

    async def result(self, job: Job) -> CaseRun | CannotRun:
        """The end of `answers`."""
        said = [answer async for answer in self.answers(job) if not isinstance(answer, RunProgress)]
        return said[-1]

    async def answers(self, job: Job) -> AsyncIterator[RunAnswer]:
        """Progress, then the result. A run that is left before its end is stopped."""
        key = hashlib.sha256(msgspec.msgpack.encode(job)).digest()
        if key in self._kept:
            self._kept.move_to_end(key)
            yield self._kept[key]
            return
        limit = RUN_SECONDS if job.run else CHECK_SECONDS
        # Never around a `yield`: whoever takes the answers may be slow without any fault of the run's.
        deadline = asyncio.get_running_loop().time() + limit
        try:
            async with asyncio.timeout_at(deadline):
                await self._turns.acquire()
            try:
                async for answer in _examine(job, deadline):
                    if isinstance(answer, CaseRun):
                        self._keep(key, answer)
                    yield answer
            finally:
                self._turns.release()
        except TimeoutError:
            log.warning("a playbook was not examined in time", seconds=limit)
            what = "running its cases" if job.run else "checking it"
            yield CannotRun([Fault("playbook", 1, "", f"{what} took longer than {limit:.0f} seconds and was stopped")])

    def _keep(self, key: bytes, result: CaseRun) -> None:
        self._kept[key] = result
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)


async def _examine(job: Job, deadline: float) -> AsyncIterator[RunAnswer]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        limit=MAX_LINE_BYTES,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        # It reads all of its job before it answers, so both pipes cannot be full at once.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(msgspec.msgpack.encode(job))
            await process.stdin.drain()
            process.stdin.close()
        ended = False
        while True:
            async with asyncio.timeout_at(deadline):
                line = await process.stdout.readline()
            if not line:
                break
            answer = _answers.decode(line)
            ended = not isinstance(answer, RunProgress)
            yield answer
        if not ended:
            log.error("a playbook could not be examined", state=str(await process.wait()))
            yield CannotRun(
                [Fault("playbook", 1, "", "it needs more time or memory than a playbook may; make it smaller")]
            )
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())
