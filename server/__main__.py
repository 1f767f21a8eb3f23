"""`python -m server`: the HTTP and WebSocket server, TLS 1.3 only, until SIGTERM or SIGINT.

Granian runs inside this process, with one event loop: nothing is left behind when the process ends.
"""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import asyncpg
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.server.embed import Server
from litestar import Litestar

from rtc.bus import Bus, Unreachable
from rtc.settings import BusSettings, SettingsError
from server.app import create_app
from server.database import Database, UnsafeDatabase
from server.logs import log, set_up
from server.pages import missing_pages
from server.settings import DatabaseSettings, ServerProcessSettings, ServerSettings, load_server


class CannotStart(Exception):
    """One sentence: what is wrong and what to change."""


def _check_tls(settings: ServerSettings) -> tuple[Path, Path]:
    for name, value in (("tls_certificate", settings.tls_certificate), ("tls_key", settings.tls_key)):
        if not value or not Path(value).is_file():
            raise CannotStart(f"[server] {name} must name a PEM file (is: {value or 'not set'})")
    return Path(settings.tls_certificate), Path(settings.tls_key)


def _check_port(settings: ServerSettings) -> None:
    """Granian shares its port (SO_REUSEPORT) with whoever else does, so a second server would take half the calls."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotStart(f"[server] cannot use {settings.host} port {settings.port}: {error.strerror}") from error


async def _check_database(settings: DatabaseSettings) -> None:
    database = Database(settings)
    try:
        await database.open()
        await database.refuse_if_unsafe()
    except (OSError, asyncpg.PostgresError) as error:
        raise CannotStart(f"the database at {settings.host} port {settings.port} refuses us: {error}") from error
    except UnsafeDatabase as error:
        raise CannotStart(str(error)) from error
    finally:
        await database.close()


async def _connect_bus(settings: BusSettings) -> Bus:
    try:
        return await Bus.connect(settings.url, "server", settings.user, settings.password)
    except Unreachable as error:
        raise CannotStart(f"[bus] {error}") from error


async def run(settings: ServerProcessSettings) -> None:
    """Serve until a signal. Raises CannotStart."""
    certificate, key = _check_tls(settings.server)
    for name in missing_pages(settings.server.pages):
        log.warning("page is not built", reason=f"{name} is missing: build the front end (make run does)")
    await _check_database(settings.database)
    bus = await _connect_bus(settings.bus)
    try:
        _check_port(settings.server)
        await _serve(create_app(settings, bus), settings.server, certificate, key)
    finally:
        await bus.close()


async def _serve(app: Litestar, settings: ServerSettings, certificate: Path, key: Path) -> None:
    server = Server(
        app,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.auto,
        ssl_cert=certificate,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols.tls13,
        log_enabled=False,
    )
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    serving = asyncio.create_task(server.serve())
    log.info("serving", port=settings.port)
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if serving.done():
        reason = serving.exception() or "the server ended by itself"
        raise CannotStart(f"cannot serve on {settings.host} port {settings.port}: {reason}")
    server.stop()  # type: ignore[no-untyped-call]
    await serving
    log.info("stopped")


def main() -> int:
    """0 after a signal; 1 after one sentence on stderr."""
    set_up()
    try:
        asyncio.run(run(load_server()))
    except (SettingsError, CannotStart) as error:
        sys.stderr.write(f"server: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
