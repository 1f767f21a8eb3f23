"""The second process beside a listening one: refuses in the kernel's name, counts, tells the bus."""

import asyncio
import contextlib
import os
import platform
import sys
import threading
from collections import Counter

from rtc import bus as subjects
from rtc import seccomp
from rtc.bus import Bus, Unreachable
from rtc.messages import Denials
from rtc.sandbox import Process
from rtc.settings import BusSettings

TELL_SECONDS = 1.0


class Witness:
    """Owner: the launcher. `listener` is None where the kernel tells nobody: then it only waits for the end."""

    def __init__(self, process: Process, bus: BusSettings, child: int, listener: int | None, trying: int) -> None:
        self._process = process
        self._settings = bus
        self._child = child
        self._listener = listener
        self._trying = trying
        os.set_blocking(trying, False)
        self._began = self._over = False
        self._counts: Counter[str] = Counter()
        self._said: Counter[str] = Counter()

    async def run(self) -> None:
        """Until the process that is watched has ended."""
        ended = asyncio.Event()
        watched = os.pidfd_open(self._child)
        asyncio.get_running_loop().add_reader(watched, ended.set)
        if self._listener is not None:
            threading.Thread(target=self._refuse, args=(self._listener,), daemon=True).start()
        telling = asyncio.create_task(self._tell())
        await ended.wait()
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling
        self._say()

    def _refuse(self, listener: int) -> None:
        """In a thread of its own: waiting for the kernel cannot be combined with anything else."""
        while True:
            try:
                attempt = seccomp.receive(listener)
            except OSError:
                return  # nobody is left who could attempt anything
            if attempt is None:
                continue
            id, kind = attempt
            if not self._is_a_try():
                self._counts[kind] += 1
            seccomp.answer(listener, id)

    def _is_a_try(self) -> bool:
        """Between the byte with which the process begins to try and its closing of the pipe, which is for good."""
        while not self._over:
            try:
                said = os.read(self._trying, 1)
            except BlockingIOError:
                break
            self._began = self._began or bool(said)
            self._over = not said
        return self._began and not self._over

    async def _tell(self) -> None:
        bus: Bus | None = None
        try:
            while True:
                self._say()
                bus = bus or await self._connect()
                if bus is not None:
                    await self._publish(bus)
                await asyncio.sleep(TELL_SECONDS)
        finally:
            if bus is not None:
                await bus.close()

    async def _connect(self) -> Bus | None:
        name = f"{self._process} witness"
        try:
            return await Bus.connect(self._settings.url, name, self._settings.user, self._settings.password)
        except Unreachable:
            return None  # the process itself says so, and ends

    async def _publish(self, bus: Bus) -> None:
        denials = Denials(self._process, platform.node(), self._child, dict(self._counts))
        with contextlib.suppress(Unreachable):
            await bus.publish(subjects.DENIALS, denials)

    def _say(self) -> None:
        """In the log, kinds and counts only."""
        for kind, count in tuple(self._counts.items()):
            if count > self._said[kind]:
                self._said[kind] = count
                sys.stderr.write(f"{self._process}: ALERT: the kernel refused {kind}, {count} since the start\n")
