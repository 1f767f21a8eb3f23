"""NATS core: the subjects, one connection, typed request and reply.

JetStream is off: a message lives in RAM until it is delivered or dropped, so sound on the bus is never on a disk.
Subject permissions (see `server/supervisor.py`) keep `server` away from `pcm.>` and `say.>`: it cannot subscribe
to sound or text even if it wanted to.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from rtc.messages import Done, Refusal, Reply

T = TypeVar("T", bound=msgspec.Struct)

MEDIA_STATE = "workers.media"
SPEECH_STATE = "workers.speech"
SPEECH_LEASE = "speech.lease"
SPEECH_QUEUE = "speech"
CALL_EVENTS = "calls.events"
OUTCOME = "calls.outcome"
ALERTS = "calls.alerts"
SANDBOX_STATE = "sandbox.state"
DENIALS = "sandbox.denials"
SERVER_QUEUE = "server"

CONNECT_SECONDS = 10.0

REPEAT_SECONDS = 2.0

RECONNECT_SECONDS = 0.25
"""Between two attempts to come back."""

CANCEL_SECONDS = 0.05

REPLY_SECONDS = 8.0
"""An SDP answer needs the DTLS certificate and the sockets, well under a second; past this, say so to the person."""


def media_offer(worker_id: str) -> str:
    return f"media.{worker_id}.offer"


def media_hangup(worker_id: str) -> str:
    return f"media.{worker_id}.hangup"


def pcm(worker_id: str) -> str:
    return f"pcm.{worker_id}"


def speech_close(worker_id: str) -> str:
    return f"speech.{worker_id}.close"


def say(worker_id: str) -> str:
    return f"say.{worker_id}"


def ring(practice_id: str) -> str:
    """server -> every server process: rings, taken calls and ends, for the sockets that process holds."""
    return f"ring.{practice_id}"


class Unreachable(Exception):
    """Nobody answered on the subject in time. Retryable."""


_encoder = msgspec.msgpack.Encoder()
_reply_decoder = msgspec.msgpack.Decoder(Reply)


class Bus:
    """A connection to NATS. Reconnects for ever; while it is away, requests raise `Unreachable`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._answering: set[asyncio.Task[None]] = set()

    @classmethod
    async def connect(cls, url: str, name: str, user: str, password: str) -> "Bus":
        """Raises Unreachable when the first connection is not there within CONNECT_SECONDS, or is refused."""
        connecting = nats.connect(
            url,
            name=name,
            user=user,
            password=password,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_SECONDS,
            inbox_prefix=f"_INBOX.{user}",
            error_cb=_reconnecting,
        )
        try:
            return cls(await asyncio.wait_for(connecting, CONNECT_SECONDS))
        except (NatsError, OSError, TimeoutError) as error:
            raise Unreachable(
                f"NATS at {url} does not accept us as '{user}': check its address and password"
            ) from error

    async def publish(self, subject: str, message: msgspec.Struct) -> None:
        """At most once: nobody listening means it is gone. Raises Unreachable when the connection is closed."""
        try:
            await self._client.publish(subject, _encoder.encode(message))
        except (NatsError, OSError) as error:
            raise Unreachable(subject) from error

    async def request(self, subject: str, message: msgspec.Struct, timeout: float = REPLY_SECONDS) -> Reply:
        """Ask and wait. Raises Unreachable when nobody answers within `timeout` seconds."""
        try:
            answer = await self._client.request(subject, _encoder.encode(message), timeout=timeout)
        except (NatsError, OSError) as error:
            raise Unreachable(subject) from error
        reply: Reply = _reply_decoder.decode(answer.data)
        return reply

    async def report(self, subject: str, message: msgspec.Struct) -> None:
        """Ask again and again until somebody answers Done: for what must not be lost. Its effect must be idempotent."""
        while True:
            try:
                if isinstance(await self.request(subject, message), Done):
                    return
            except Unreachable:
                pass
            await asyncio.sleep(REPEAT_SECONDS)

    async def listen(
        self, subject: str, kind: type[T], handle: Callable[[T], Awaitable[None]], pending: int = 4096
    ) -> None:
        """Call `handle` for each message, in order. At most `pending` wait; newer ones are then dropped by the client.

        A message that does not decode as `kind` is dropped: only our own processes can publish here.
        """
        decoder = msgspec.msgpack.Decoder(kind)

        async def receive(message: Msg) -> None:
            try:
                decoded = decoder.decode(message.data)
            except msgspec.DecodeError:
                return
            await handle(decoded)

        await self._subscribed(self._client.subscribe(subject, cb=receive, pending_msgs_limit=pending))

    async def serve(
        self,
        subject: str,
        kind: type[T],
        answer: Callable[[T], Awaitable[Reply]],
        queue: str = "",
        together: bool = False,
    ) -> None:
        """Answer requests, in order, or all `together`. What `answer` returns goes back; a request that does not decode
        is refused."""
        decoder = msgspec.msgpack.Decoder(kind)

        async def respond(message: Msg) -> None:
            try:
                reply = await answer(decoder.decode(message.data))
            except msgspec.DecodeError as error:
                reply = Refusal("malformed_request", str(error))
            await message.respond(_encoder.encode(reply))

        async def receive(message: Msg) -> None:
            answering = asyncio.create_task(respond(message))
            self._answering.add(answering)
            answering.add_done_callback(self._answering.discard)

        await self._subscribed(self._client.subscribe(subject, queue=queue, cb=receive if together else respond))

    async def _subscribed(self, subscribing: Awaitable[object]) -> None:
        """Returns when NATS knows of it: a request that another connection sends from then on finds somebody."""
        await subscribing
        with contextlib.suppress(NatsError):  # away just now: it is told again when it is back
            await self._client.flush()

    @property
    def connected(self) -> bool:
        return bool(self._client.is_connected)

    async def close(self) -> None:
        """Returns when nothing of the connection runs any more, also while it tries to reconnect."""
        try:
            await self._client.close()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancelled us: nats-py waited for a connection whose opening it had cancelled itself.
        await self._end_reconnecting()

    async def _end_reconnecting(self) -> None:
        """nats-py cancels its task once, and a cancellation that comes just as a connection is refused is lost
        (asyncio.wait_for before Python 3.12): the task then tries for ever, and keeps the process from ending."""
        reconnecting: asyncio.Task[None] | None = getattr(self._client, "_reconnection_task", None)
        while reconnecting is not None and not reconnecting.done():
            reconnecting.cancel()
            await asyncio.wait([reconnecting], timeout=CANCEL_SECONDS)


async def _reconnecting(_error: Exception) -> None:
    """Reconnection is nats-py's own; callers see `Unreachable` or `connected` and decide what to tell people."""
