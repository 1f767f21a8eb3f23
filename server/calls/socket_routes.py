"""The two WebSockets. Their handshakes pass the Origin rule (server/security.py) before they come here."""

import asyncio
from typing import Any
from uuid import UUID

import msgspec
from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath

from server.auth.access import FORBIDDEN, UNAUTHORISED, SignedIn, anybody, only
from server.auth.sessions import Sessions
from server.calls.schemas import AgentSocketIn, Available, CallerCallState, CallerSocketIn, Join, Pong
from server.calls.sockets import MAX_MESSAGE_CHARS, AgentSocket, Socket, Sockets
from server.calls.switchboard import Switchboard
from server.errors import Problem
from server.security import SESSION_COOKIE

JOIN_SECONDS = 10.0
"""The caller's page sends its token at once."""

_from_agent = msgspec.json.Decoder(AgentSocketIn)
_from_caller = msgspec.json.Decoder(CallerSocketIn)


@websocket("/ws/agent", opt=only("agent"))
async def agent_socket(
    socket: WebSocket[SignedIn, None, State],
    switchboard: NamedDependency[Switchboard],
    sockets: NamedDependency[Sockets],
    sessions: NamedDependency[Sessions],
) -> None:
    """An agent's softphone: available or not, rings, the state of the call they took."""
    agent = AgentSocket(socket, socket.user)
    cookie = socket.cookies[SESSION_COOKIE]

    async def handle(text: str) -> None:
        message = _from_agent.decode(text)
        # An open softphone counts as activity, and ends with its session.
        if await sessions.resume(cookie) is None:
            agent.close(UNAUTHORISED)
        elif isinstance(message, Available):
            agent.set_available(message.value)
            if message.value:
                await switchboard.ring_waiting(agent)
        else:
            agent.send(Pong())

    await socket.accept()
    async with sockets.agent(agent):
        await agent.run(handle)


@websocket("/ws/caller/{call_id:uuid}", opt=anybody())
async def caller_socket(
    socket: WebSocket[Any, None, State],
    call_id: FromPath[UUID],
    switchboard: NamedDependency[Switchboard],
    sockets: NamedDependency[Sockets],
) -> None:
    """A caller's page. Closing it does not end the call: media notices a leg that is gone."""
    await socket.accept()
    token = await _joined(socket)
    try:
        await switchboard.call_of_caller(call_id, token)
    except Problem:
        await socket.close(FORBIDDEN)
        return
    caller = Socket(socket)

    async def handle(text: str) -> None:
        _from_caller.decode(text)
        caller.send(Pong())

    async with sockets.caller(call_id, caller):
        # Read after registering: a change in between is told twice rather than never.
        call = await switchboard.call_of_caller(call_id, token)
        caller.send(CallerCallState(call.state, call.ended_by))
        await caller.run(handle)


async def _joined(socket: WebSocket[Any, None, State]) -> str:
    """The token of the first message; "" for anything else."""
    try:
        text = await asyncio.wait_for(socket.receive_text(), JOIN_SECONDS)
        message = _from_caller.decode(text[: MAX_MESSAGE_CHARS + 1])
    except (TimeoutError, WebSocketDisconnect, msgspec.DecodeError):
        return ""
    return message.token if isinstance(message, Join) else ""
