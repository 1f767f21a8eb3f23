"""Which addresses and ports our peers offer as ICE host candidates. No STUN server is ever asked (RFC 8445).

aioice has no setting for any of this: it offers every address of the machine but loopback, on any port. The two
places where it decides are its module function `get_host_addresses` and the event loop's socket creation.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import aioice.ice
from aiortc import RTCSessionDescription

from rtc.settings import MediaSettings


class NoPortFree(OSError):
    """Every port of the configured range is taken: widen [media] port_min..port_max."""


def apply(settings: MediaSettings, loop: asyncio.AbstractEventLoop) -> None:
    """Make every peer created afterwards in this process follow `settings`. Call once, before the first peer."""
    if settings.addresses:
        addresses = list(settings.addresses)
        aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [
            address for address in addresses if (use_ipv6 if ":" in address else use_ipv4)
        ]
    if settings.port_min:
        _bind_in_range(loop, settings.port_min, settings.port_max)


def _bind_in_range(loop: asyncio.AbstractEventLoop, low: int, high: int) -> None:
    """Give sockets that ask for any port (0) one of ours, taken in turn."""
    create: Callable[..., Any] = loop.create_datagram_endpoint
    turn = low

    async def create_in_range(factory: Any, local_addr: Any = None, **options: Any) -> Any:
        nonlocal turn
        if local_addr is None or local_addr[1] != 0:
            return await create(factory, local_addr=local_addr, **options)
        for _ in range(high - low + 1):
            port, turn = turn, low + (turn + 1 - low) % (high - low + 1)
            try:
                return await create(factory, local_addr=(local_addr[0], port), **options)
            except OSError:
                continue
        raise NoPortFree(f"no free UDP port in {low}..{high}")

    loop.create_datagram_endpoint = create_in_range  # type: ignore[method-assign, assignment]


def announce(answer: RTCSessionDescription, address: str) -> str:
    """The answer's SDP with every host candidate's address replaced by `address` (1:1 NAT); unchanged if empty."""
    if not address:
        return str(answer.sdp)
    lines = [_announce_line(line, address) for line in answer.sdp.split("\r\n")]
    return "\r\n".join(lines)


def _announce_line(line: str, address: str) -> str:
    if not line.startswith("a=candidate:"):
        return line
    parts = line.split(" ")
    if parts[7] == "host" and _family(parts[4]) == _family(address):
        parts[4] = address
    return " ".join(parts)


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
