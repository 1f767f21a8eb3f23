"""The WebSockets this process holds. Nothing here is stored; a browser that reconnects is told again."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from server.auth.access import SignedIn
from server.calls.news import CallNews
from server.calls.schemas import (
    AgentCallState,
    AgentSocketOut,
    CallerCallState,
    CallerSocketOut,
    HelpWanted,
    Presence,
    Ring,
    RingStopped,
)

MAX_MESSAGE_CHARS = 4096
QUEUED_MESSAGES = 64
"""A browser that does not read so many messages is gone, whatever TCP still believes."""

GOING_AWAY = 1001
UNSUPPORTED = 1003
TRY_AGAIN = 1013
"""RFC 6455 section 7.4.1; 1013 from the IANA registry."""

_encode = msgspec.json.Encoder().encode


class Socket:
    """One WebSocket: messages out wait in a short queue, so that a slow browser holds nobody else up."""

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self._socket = socket
        self._out: asyncio.Queue[AgentSocketOut | CallerSocketOut | int] = asyncio.Queue(QUEUED_MESSAGES)
        self._stop = asyncio.Event()
        self._stop_code = TRY_AGAIN

    def send(self, message: AgentSocketOut | CallerSocketOut) -> None:
        try:
            self._out.put_nowait(message)
        except asyncio.QueueFull:
            self.close(TRY_AGAIN)

    def close(self, code: int) -> None:
        self._stop_code = code
        self._stop.set()

    async def run(self, handle: Callable[[str], Awaitable[None]]) -> None:
        """Pass each text message to `handle` until either side closes. `handle` raises DecodeError to refuse one."""
        tasks = [asyncio.create_task(part) for part in (self._read(handle), self._write(), self._stop.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        if self._stop.is_set():
            await self._socket.close(self._stop_code)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect | RuntimeError):
                raise result

    async def _read(self, handle: Callable[[str], Awaitable[None]]) -> None:
        while True:
            text = await self._socket.receive_text()
            try:
                if len(text) > MAX_MESSAGE_CHARS:
                    raise msgspec.DecodeError("too long")
                await handle(text)
            except msgspec.DecodeError:
                self.close(UNSUPPORTED)
                return

    async def _write(self) -> None:
        while True:
            await self._socket.send_text(_encode(await self._out.get()).decode())


class AgentSocket(Socket):
    """An agent's softphone. It is told that a call stopped ringing only if it was told that it rang."""

    def __init__(self, socket: WebSocket[Any, Any, Any], person: SignedIn) -> None:
        super().__init__(socket)
        self.person = person
        self.available = False
        self._ringing: set[UUID] = set()

    def ring(self, call_id: UUID, line: str, since: str) -> None:
        if self.available and call_id not in self._ringing:
            self._ringing.add(call_id)
            self.send(Ring(call_id, line, since))

    def stop_ringing(self, news: CallNews) -> None:
        if news.call_id not in self._ringing:
            return
        self._ringing.discard(news.call_id)
        if news.kind == "ended":
            self.send(RingStopped(news.call_id, "abandoned"))
        elif news.person_id != self.person.person_id:
            self.send(RingStopped(news.call_id, "answered"))

    def set_available(self, value: bool) -> None:
        self.available = value
        self._ringing.clear()
        self.send(Presence(value))


class Sockets:
    """Every socket of this process, by whom its news concerns."""

    def __init__(self) -> None:
        self._agents: defaultdict[UUID, set[AgentSocket]] = defaultdict(set)
        self._callers: defaultdict[UUID, set[Socket]] = defaultdict(set)
        self._waiting: defaultdict[UUID, dict[UUID, CallNews]] = defaultdict(dict)
        self._answered_at: dict[UUID, str] = {}

    @asynccontextmanager
    async def agent(self, socket: AgentSocket) -> AsyncIterator[None]:
        practice_id = socket.person.practice_id
        self._agents[practice_id].add(socket)
        try:
            yield
        finally:
            self._agents[practice_id].discard(socket)

    @asynccontextmanager
    async def caller(self, call_id: UUID, socket: Socket) -> AsyncIterator[None]:
        self._callers[call_id].add(socket)
        try:
            yield
        finally:
            self._callers[call_id].discard(socket)
            if not self._callers[call_id]:
                del self._callers[call_id]

    def spread(self, news: CallNews) -> None:
        """Tell the browsers here that news concerns."""
        agents = self._agents[news.practice_id]
        callers = self._callers.get(news.call_id, set())
        match news.kind:
            case "ringing":
                self._waiting[news.practice_id][news.call_id] = news
                for agent in agents:
                    agent.ring(news.call_id, news.line, news.since)
            case "answered":
                self._waiting[news.practice_id].pop(news.call_id, None)
                self._answered_at[news.call_id] = datetime.now(UTC).isoformat(timespec="seconds")
                for agent in agents:
                    agent.stop_ringing(news)
                for caller in callers:
                    caller.send(CallerCallState("answered", None))
            case "ended":
                self._waiting[news.practice_id].pop(news.call_id, None)
                self._answered_at.pop(news.call_id, None)
                for agent in agents:
                    agent.stop_ringing(news)
                    if news.person_id == agent.person.person_id:
                        agent.send(AgentCallState(news.call_id, "ended", news.by))
                for caller in callers:
                    caller.send(CallerCallState("ended", news.by))

    def tell_agent(
        self, practice_id: UUID, person_id: UUID, call_id: UUID, state: Literal["connected", "interrupted"]
    ) -> None:
        for agent in self._agents[practice_id]:
            if agent.person.person_id == person_id:
                agent.send(AgentCallState(call_id, state, None))

    def tell_managers(self, practice_id: UUID, wanted: HelpWanted, about: UUID) -> None:
        """All but the agent it is `about`."""
        for agent in self._agents[practice_id]:
            if "manager" in agent.person.roles and agent.person.person_id != about:
                agent.send(wanted)

    def tell_caller(self, call_id: UUID, state: Literal["answered", "interrupted"]) -> None:
        for caller in self._callers.get(call_id, set()):
            caller.send(CallerCallState(state, None))

    def answered_at(self, call_id: UUID) -> str | None:
        """The second a call was answered, if this process heard it; the database knows minutes only."""
        return self._answered_at.get(call_id)

    def waiting_since(self, practice_id: UUID, call_id: UUID) -> str | None:
        """The second a call began to ring, if this process heard it; the database knows the minute only."""
        news = self._waiting[practice_id].get(call_id)
        return None if news is None else news.since

    def close_session(self, session_id: UUID) -> None:
        for agents in self._agents.values():
            for agent in agents:
                if agent.person.session_id == session_id:
                    agent.close(GOING_AWAY)

    def close_all(self) -> None:
        held: list[Socket] = [socket for sockets in self._agents.values() for socket in sockets]
        held += [socket for sockets in self._callers.values() for socket in sockets]
        for socket in held:
            socket.close(GOING_AWAY)
