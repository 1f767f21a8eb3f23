"""What this process hears on the bus, handed to those it concerns."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from rtc import bus as subjects
from rtc.bus import Bus
from rtc.messages import LegEvent, WorkerState
from server.calls.news import CallNews
from server.calls.placement import MediaWorkers
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


async def watch_workers(switchboard: Switchboard, workers: MediaWorkers) -> None:
    """Until cancelled: end the calls of media workers that fall silent."""
    end_calls = _survive(switchboard.worker_lost)
    while True:
        for worker_id in workers.take_lost():
            await end_calls(worker_id)
        await asyncio.sleep(LOST_CHECK_SECONDS)


def _survive(handle: Callable[[M], Awaitable[None]]) -> Callable[[M], Awaitable[None]]:
    """One message that cannot be handled (the database is away, an id is none) must not end the listening."""

    async def handled(message: M) -> None:
        try:
            await handle(message)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError, TimeoutError) as error:
            log.error("a message was not handled", error=type(error).__name__, at=code_place(error))

    return handled
