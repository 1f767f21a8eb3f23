"""A bad network between two real peers: what one of them sends is lost, held back or passed on by a script.

For `synthetic-call --loss` and for tests. Only the kind of datagram that a script is about is touched, told apart by
the first byte (RFC 7983 section 7), so that lost sound does not become a lost handshake.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Literal

from aiortc import RTCPeerConnection

Kind = Literal["sound", "data"]
FIRST_BYTES: dict[Kind, range] = {"sound": range(128, 192), "data": range(20, 64)}
"""SRTP and SRTCP; DTLS, which carries the data channel."""

RTCP_TYPES = range(192, 224)
"""RFC 5761 section 4: with the second byte in this range it is RTCP, which no script counts."""

MOST_HELD = 64

LOST = None
Fate = Callable[[int], float | None]
"""Of the n-th datagram since the script began: seconds to hold it back, 0.0 to pass it on, LOST."""


def loss(rate: float, seed: int = 7) -> Fate:
    dice = random.Random(seed)  # noqa: S311 - a repeatable network
    return lambda _number: LOST if dice.random() < rate else 0.0


def burst(first: int, count: int, otherwise: Fate, afterwards: Fate = lambda _number: 0.0) -> Fate:
    """`otherwise`, then `count` in a row lost, then `afterwards`."""

    def fate(number: int) -> float | None:
        if number < first:
            return otherwise(number)
        return LOST if number < first + count else afterwards(number)

    return fate


def reorder(every: int, seconds: float) -> Fate:
    """Each `every`-th is overtaken by those behind it."""
    return lambda number: seconds if number % every == 0 else 0.0


class Pipe:
    """Owner: whoever made the connection. From `begin` on, what it sends of one kind meets its fate, or what it
    receives when `incoming`. Holds at most MOST_HELD."""

    def __init__(self, connection: RTCPeerConnection, kind: Kind, fate: Fate, incoming: bool = False) -> None:
        self._connection = connection
        self._kind = kind
        self._fate = fate
        self._incoming = incoming
        self._held = 0
        self.sent = 0
        self.lost = 0

    def begin(self) -> None:
        for protocol in ice_of(self._connection)._protocols:
            if self._incoming:
                protocol.datagram_received = self._through(protocol.datagram_received)
            else:
                protocol.transport.sendto = self._through(protocol.transport.sendto)

    def _through(self, deliver: Callable[[bytes, Any], None]) -> Callable[..., None]:
        def narrowed(data: bytes, address: Any = None) -> None:
            if not self._is_ours(data):
                deliver(data, address)
                return
            fate = self._fate(self.sent)
            self.sent += 1
            if fate is LOST:
                self.lost += 1
            elif fate > 0 and self._held < MOST_HELD:
                self._held += 1
                asyncio.get_running_loop().call_later(fate, late, data, address)
            else:
                deliver(data, address)

        def late(data: bytes, address: Any) -> None:
            self._held -= 1
            deliver(data, address)

        return narrowed

    def _is_ours(self, data: bytes) -> bool:
        return data[0] in FIRST_BYTES[self._kind] and not (self._kind == "sound" and data[1] in RTCP_TYPES)


def ice_of(connection: RTCPeerConnection) -> Any:
    """aioice's connection, below what aiortc shows."""
    [sender] = connection.getSenders()
    return sender.transport.transport._connection
