"""What Python itself sees of refused attempts in a listening process: the second witness, inside.

The kernel's listener sees every refused system call, but no address: a connection to elsewhere is refused by Landlock,
which tells nobody. Python's audit events (PEP 578) have the address. Code that goes past Python is refused by the
kernel all the same, and not counted here.
"""

import asyncio
import ipaddress
import os
import socket
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import urlsplit

from rtc import bus as subjects
from rtc.bus import Bus, Unreachable
from rtc.messages import Denials, SandboxState
from rtc.settings import BusSettings, bus_port

TELL_SECONDS = 1.0

RESOLVED = "CLINIXCUE_BUS_ADDRESSES"
"""Set by the launcher, which may still ask for the addresses of a name; `speech` has no UDP to ask with."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

CHANGES = frozenset({"os.mkdir", "os.rename", "os.link", "os.symlink", "os.truncate", "os.remove", "os.rmdir"})


def resolve(settings: BusSettings) -> dict[str, str]:
    """For the environment of a process that cannot ask: empty when the bus is named by its address, or unknown."""
    host = urlsplit(settings.url).hostname or ""
    if _is_address(host):
        return {}
    try:
        found = socket.getaddrinfo(host, bus_port(settings), type=socket.SOCK_STREAM)
    except OSError:
        return {}
    return {RESOLVED: ",".join(dict.fromkeys(str(address[0]) for *_, address in found))}


def pin(loop: asyncio.AbstractEventLoop, settings: BusSettings) -> None:
    """From now on the bus's name means the addresses that the launcher found; TLS still checks the name."""
    host, addresses = urlsplit(settings.url).hostname, _resolved()
    if not addresses:
        return
    look_up: Callable[..., Any] = loop.getaddrinfo

    async def pinned(name: str | None, port: int | str | None, **options: Any) -> Any:
        if name != host:
            return await look_up(name, port, **options)
        return [found for address in addresses for found in await look_up(address, port, **options)]

    loop.getaddrinfo = pinned  # type: ignore[method-assign, assignment]


class Refusals:
    """Owner: the listening process. Connections to anything but the bus end here, before the kernel is asked."""

    def __init__(self, settings: BusSettings, kernel_tells: bool) -> None:
        """For good: an audit hook cannot be taken out again. `kernel_tells`: writes are counted by the witness."""
        self.counts: Counter[str] = Counter()
        host = urlsplit(settings.url).hostname or ""
        self._addresses = [host] if _is_address(host) else _resolved()
        self._port = bus_port(settings)
        self._kernel_tells = kernel_tells
        sys.addaudithook(self._look)

    def _look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            address = arguments[1]
            if not isinstance(address, tuple) or address[1] != self._port:
                self._refuse("connect")
            if self._addresses and address[0] not in self._addresses:
                self._refuse("connect")
        elif not self._kernel_tells and (event in CHANGES or (event == "open" and _for_writing(arguments))):
            self.counts["open_for_writing" if event == "open" else "change_folder"] += 1

    def _refuse(self, kind: str) -> NoReturn:
        self.counts[kind] += 1
        raise PermissionError(f"{kind}: a listening process may not")


async def announce(bus: Bus, state: SandboxState, refusals: Refusals) -> None:
    """Until cancelled, once a second: what holds for this process, and what it was refused."""
    while True:
        denials = Denials(state.process, state.host, state.pid, dict(refusals.counts))
        try:
            await bus.publish(subjects.SANDBOX_STATE, state)
            await bus.publish(subjects.DENIALS, denials)
        except Unreachable:
            pass  # until it is back
        await asyncio.sleep(TELL_SECONDS)


def _for_writing(arguments: tuple[Any, ...]) -> bool:
    """Of the event `open`: path, mode, flags."""
    return bool((arguments[2] or 0) & WRITING)


def _resolved() -> list[str]:
    return [address for address in os.environ.get(RESOLVED, "").split(",") if address]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
