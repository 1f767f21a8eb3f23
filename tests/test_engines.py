"""PostgreSQL and NATS as one machine runs them: who may do what, and that nothing is left behind."""

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from server.engines import EngineError, Nats, Postgres, free_port

SECONDS = 10.0


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Short, and outside pytest's own folder, which pytest closes to PostgreSQL's user whenever it starts."""
    with tempfile.TemporaryDirectory(prefix="cc-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[Postgres]:
    engine = Postgres(folder)
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def bus(folder: Path) -> Iterator[Nats]:
    engine = Nats(folder)
    engine.start()
    yield engine
    engine.stop()


async def connect(postgres: Postgres, user: str, password: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(
        host=str(postgres.socket_dir), port=postgres.port, user=user, password=password, database=postgres.database
    )


async def test_application_role_has_no_power_of_its_own(postgres: Postgres) -> None:
    connection = await connect(postgres, postgres.app_user, postgres.app_password)
    row = await connection.fetchrow(
        "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication AS power"
        " FROM pg_roles WHERE rolname = current_user"
    )
    assert row is not None
    assert row["power"] is False
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("CREATE TABLE mine (id int)")
    await connection.close()


async def test_every_connection_needs_its_password(postgres: Postgres) -> None:
    for user in (postgres.app_user, postgres.owner_user, "postgres"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await connect(postgres, user, "guess")


async def test_log_names_the_fault_but_no_value(postgres: Postgres) -> None:
    connection = await connect(postgres, postgres.owner_user, postgres.owner_password)
    await connection.execute("CREATE TEMPORARY TABLE person (email text UNIQUE)")
    for email in ("x@canary.example", "x@canary.example"):
        with contextlib.suppress(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO person VALUES ($1)", email)
    with pytest.raises(asyncpg.PostgresSyntaxError):
        await connection.execute("SELEC 'canary'")
    await connection.close()
    log = postgres.log.read_text()
    assert "violates unique constraint" in log
    assert "canary" not in log


def test_nothing_listens_on_tcp_and_files_are_private(postgres: Postgres, bus: Nats) -> None:
    assert "listen_addresses = ''" in (postgres.cluster_dir / "clinixcue.conf").read_text()
    for path in (postgres.cluster_dir, postgres.socket_dir, postgres.data_dir / "secrets", bus.data_dir / "nats"):
        assert path.stat().st_mode & 0o077 == 0, path
    for path in (postgres.data_dir / "secrets").iterdir():
        assert path.stat().st_mode & 0o177 == 0, path


def test_a_second_start_reuses_the_data(folder: Path, postgres: Postgres) -> None:
    again = Postgres(folder)
    assert again.app_password == postgres.app_password


def test_long_paths_get_a_short_socket(folder: Path) -> None:
    deep = folder / ("d" * 100)
    deep.mkdir()
    engine = Postgres(deep)
    try:
        engine.start()
        assert len(os.fsencode(engine.socket_dir)) < 90
        assert engine.socket_dir.is_dir()
    finally:
        engine.stop()
    assert not engine.socket_dir.exists()


@contextlib.asynccontextmanager
async def client(bus: Nats, user: str) -> AsyncIterator[tuple[Client, "asyncio.Queue[str]"]]:
    """A connection as `user`, and what the server refuses it."""
    refused: asyncio.Queue[str] = asyncio.Queue()

    async def refuse(error: Exception) -> None:
        refused.put_nowait(str(error))

    connection = await nats.connect(
        bus.url, user=user, password=bus.passwords[user], error_cb=refuse, inbox_prefix=f"_INBOX.{user}"
    )
    try:
        yield connection, refused
    finally:
        await connection.close()


@pytest.mark.parametrize("subject", ["pcm.>", "pcm.one", "say.>", "say.one", ">", "speech.lease", "_INBOX.media.>"])
async def test_server_cannot_hear_sound_or_words(bus: Nats, subject: str) -> None:
    async with client(bus, "server") as (connection, refused):
        await connection.subscribe(subject)
        assert "subscription" in await asyncio.wait_for(refused.get(), SECONDS)


@pytest.mark.parametrize(
    ("user", "subject"),
    [("server", "pcm.one"), ("server", "say.one"), ("speech", "pcm.one"), ("speech", "media.one.offer"),
     ("media", "say.one"), ("media", "_INBOX.server.guess"), ("supervisor", "media.one.offer")],
)  # fmt: skip
async def test_users_cannot_say_what_is_not_theirs(bus: Nats, user: str, subject: str) -> None:
    async with client(bus, user) as (connection, refused):
        await connection.publish(subject, b"x")
        assert "publish" in await asyncio.wait_for(refused.get(), SECONDS)


async def test_sound_reaches_speech_and_requests_are_answered(bus: Nats) -> None:
    async with (
        client(bus, "media") as (media, _),
        client(bus, "speech") as (speech, _),
        client(bus, "server") as (
            server,
            _,
        ),
    ):
        sound = await speech.subscribe("pcm.one")
        offers = await media.subscribe("media.one.offer")
        await speech.flush()
        await media.flush()
        await media.publish("pcm.one", b"sound")
        assert (await sound.next_msg(timeout=SECONDS)).data == b"sound"
        asking = asyncio.create_task(server.request("media.one.offer", b"sdp", timeout=SECONDS))
        offer = await offers.next_msg(timeout=SECONDS)
        await offer.respond(b"answer")
        assert (await asking).data == b"answer"


def test_nobody_gets_in_without_a_password(bus: Nats) -> None:
    with socket.create_connection(("127.0.0.1", bus.port), SECONDS) as connection, connection.makefile("rb") as answers:
        assert answers.readline().startswith(b"INFO ")
        connection.sendall(b'CONNECT {"user": "server", "pass": "guess", "verbose": false}\r\nPING\r\n')
        assert answers.readline() == b"-ERR 'Authorization Violation'\r\n"


def test_a_busy_port_is_one_sentence(folder: Path, bus: Nats) -> None:
    with pytest.raises(EngineError, match=f"port {bus.port} on 127.0.0.1 is in use"):
        Nats(folder / "other", bus.port).start()


def test_jetstream_is_off(bus: Nats) -> None:
    configuration = json.loads((bus.data_dir / "nats" / "nats.conf").read_text())
    assert "jetstream" not in configuration
    assert configuration["host"] == "127.0.0.1"


START_AND_WAIT = """
import sys
from pathlib import Path
from server.engines import Nats, Postgres
engines = [Postgres(Path(sys.argv[1])), Nats(Path(sys.argv[1]), int(sys.argv[2]))]
for engine in engines:
    engine.start()
print(*[engine.child.pid for engine in engines], flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
def test_engines_end_when_their_starter_is_killed_and_start_again() -> None:
    with tempfile.TemporaryDirectory(prefix="cc-") as name:
        port = str(free_port())
        for _ in range(2):
            starter = subprocess.Popen(
                [sys.executable, "-c", START_AND_WAIT, name, port],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert starter.stdin is not None
            assert starter.stdout is not None
            with starter.stdin, starter.stdout:
                engines = [os.pidfd_open(int(pid)) for pid in starter.stdout.readline().split()]
                assert len(engines) == 2
                starter.send_signal(signal.SIGKILL)
                starter.wait()
            for engine in engines:
                assert select.select([engine], [], [], SECONDS)[0], "an engine is still running"
                os.close(engine)
