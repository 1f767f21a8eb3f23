"""The connection to NATS ends when it is told to, also in the moment in which it tries to come back."""

import asyncio

import pytest

from rtc import bus as bus_module
from rtc.bus import Bus

INFO = b'INFO {"server_id":"test","version":"2.15.0","proto":1,"headers":true,"max_payload":1048576}\r\n'
TURNS = 30
"""Turns of the event loop between losing the server and closing: a refused connection takes about a dozen."""


class Server:
    """As much of a NATS server as a client needs to connect, and to lose it."""

    def __init__(self) -> None:
        self._gone = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(INFO)
        while not self._gone.is_set():
            line = asyncio.ensure_future(reader.readline())
            gone = asyncio.ensure_future(self._gone.wait())
            await asyncio.wait((line, gone), return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if not line.done():
                line.cancel()
            elif line.result().startswith(b"PING"):
                writer.write(b"PONG\r\n")
        writer.close()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return f"nats://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._gone.set()


@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")  # nats-py's, of an attempt it gave up
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_closing_while_reconnecting_leaves_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio.wait_for of Python 3.11 loses a cancellation that comes as a connection is refused (bpo-37658)."""
    monkeypatch.setattr(bus_module, "RECONNECT_SECONDS", 0.0)
    left = {}
    for turns in range(TURNS):
        before = asyncio.all_tasks()
        async with Server() as url:
            bus = await Bus.connect(url, "test", "test", "")
        while bus.connected:  # noqa: ASYNC110  # turns of the event loop are what this counts
            await asyncio.sleep(0)
        for _ in range(turns):
            await asyncio.sleep(0)
        await bus.close()
        left[turns] = [task for task in asyncio.all_tasks() - before if "reconnect" in repr(task)]
        for task in left[turns]:
            task.cancel()
    assert not {turns: tasks for turns, tasks in left.items() if tasks}
