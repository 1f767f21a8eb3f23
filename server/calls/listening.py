"""What this process hears on the bus, handed to those it concerns."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rtc import bus as subjects
from rtc.bus import Bus
from rtc.messages import LegEvent, SupervisorAlert, WorkerState
from server.calls.news import CallNews
from server.calls.placement import SILENCE_SECONDS, MediaWorkers
from server.calls.sockets import Sockets
from server.calls.switchboard import Switchboard
from server.logs import code_place, log

M = TypeVar("M")

LOST_CHECK_SECONDS = 1.0


async def listen(bus: Bus, switchboard: Switchboard, workers: MediaWorkers, sockets: Sockets) -> None:
    """Subscribe. Returns once NATS knows; messages keep coming until the bus is closed."""

    async def heard(state: WorkerState) -> None:
        workers.hear(state)

    async def spread(news: CallNews) -> None:
        sockets.spread(news)

    await bus.listen(subjects.MEDIA_STATE, WorkerState, heard)
    await bus.listen(subjects.ring("*"), CallNews, spread)
    await bus.listen(subjects.CALL_EVENTS, LegEvent, _survive(switchboard.leg_changed))
    await bus.listen(subjects.ALERTS, SupervisorAlert, _survive(switchboard.help_wanted))


async def watch_workers(bus: Bus, switchboard: Switchboard, workers: MediaWorkers) -> None:
    """Until cancelled: end the calls of media workers that fall silent.

    While the bus is away, or after this process itself was held up, silence says nothing about the workers: their
    calls go on from browser to browser and must not be ended by us.
    """
    end_calls = _survive(switchboard.worker_lost)
    looked = time.monotonic()
    while True:
        held_up = time.monotonic() - looked > SILENCE_SECONDS
        looked = time.monotonic()
        if held_up or not bus.connected:
            workers.was_deaf()
        for worker_id in workers.take_lost():
            await end_calls(worker_id)
        await asyncio.sleep(LOST_CHECK_SECONDS)


def _survive(handle: Callable[[M], Awaitable[None]]) -> Callable[[M], Awaitable[None]]:
    """One message that cannot be handled (the database is away, an id is none) is logged and left behind."""

    async def handled(message: M) -> None:
        try:
            await handle(message)
        except Exception as error:  # noqa: BLE001  # the subscription must outlive any one message
            log.error("a message was not handled", error=type(error).__name__, at=code_place(error))

    return handled
