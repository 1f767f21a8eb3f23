"""The process as a whole: several at once, engines that go away and come back, settings that cannot work."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from server.engines import free_port
from tests.support.fake_media import FakeMedia, an_outcome
from tests.support.installation import Installation, receive
from tests.support.signalling import answer, answered_call, hang_up, join, place, problem, scored


@pytest.fixture(scope="module")
def second(installation: Installation) -> Iterator[int]:
    """The port of another server process of the same installation."""
    port = free_port()
    process = installation.start_server(port, "second-server.log")
    yield port
    process.terminate()
    assert process.wait(15) == 0


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(15):
        while not await holds():
            pass


async def test_any_process_serves_any_part_of_a_call(installation: Installation, media: FakeMedia, second: int) -> None:
    """Placed and heard at the first, rung and answered at the second."""
    headers = installation.headers_of("tom.agent")
    async with (
        installation.client() as caller,
        installation.client(headers, port=second) as agent,
        installation.socket("/ws/agent", headers, port=second) as softphone,
    ):
        await media.announce()
        await softphone.send(json.dumps({"type": "available", "value": True}))
        await receive(softphone, "presence")
        call = await place(caller, installation.link)
        async with installation.socket(f"/ws/caller/{call.call_id}") as page:
            await page.send(json.dumps({"type": "join", "token": call.token}))
            await receive(page, "call_state")
            await join(caller, call)
            while (await receive(softphone, "ring"))["call_id"] != call.call_id:
                pass
            assert (await answer(agent, call)).status_code == 200
            assert (await receive(page, "call_state"))["state"] == "answered"
            left = await caller.post(f"/api/calls/{call.call_id}/patient-hang-up", headers=call.headers)
            assert left.status_code == 204
            assert (await receive(softphone, "call_state"))["by"] == "patient"


async def test_a_lost_report_of_media_leaves_no_call_open(installation: Installation, media: FakeMedia) -> None:
    """`ended` is sent at most once; the outcome is repeated until it arrives."""
    call = await answered_call(installation, "tom.agent")
    await media.report(an_outcome(call.call_id, str(installation.practice_id("Riverside Surgery")), scored()))
    async with installation.client() as caller:
        assert problem(await join(caller, call)) == (409, "call-over")


async def test_the_database_goes_away_and_comes_back(
    installation: Installation, media: FakeMedia, tom: httpx2.AsyncClient, anybody: httpx2.AsyncClient
) -> None:
    call = await answered_call(installation, "tom.agent")
    installation.postgres.stop()
    try:
        assert problem(await tom.get("/api/me")) == (503, "storage-unreachable")
        not_ready = await anybody.get("/healthz/ready")
        assert problem(not_ready) == (503, "not-ready")
        assert "database" in not_ready.json()["detail"]
        assert (await anybody.get("/healthz/live")).status_code == 200
    finally:
        installation.postgres.start()

    async def back() -> bool:
        return (await tom.get("/api/me")).status_code == 200

    await until(back)
    await hang_up(installation, "tom.agent", call)
    assert (await media.until_hung_up(call.call_id)).by == "agent"


async def test_a_call_survives_the_bus_going_away(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient
) -> None:
    """Sound goes from browser to browser through media; silence on the bus must not end it."""
    call = await answered_call(installation, "tom.agent")
    installation.nats.stop()
    not_ready = await anybody.get("/healthz/ready")
    assert "bus" in not_ready.json()["detail"]
    installation.nats.start()

    async def back() -> bool:
        return (await anybody.get("/healthz/ready")).status_code == 200

    await until(back)
    await until(media.is_heard)
    await hang_up(installation, "tom.agent", call)
    assert (await media.until_hung_up(call.call_id)).by == "agent"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"CLINIXCUE_SERVER_TLS_KEY": ""}, "tls_key must name a PEM file"),
        ({"CLINIXCUE_SERVER_PUBLIC_URL": "http://localhost"}, "public_url must look like https://"),
        ({"CLINIXCUE_IDENTITY_ISSUER": "http://id.example"}, "issuer must be https"),
        ({"CLINIXCUE_IDENTITY_ISSUER": ""}, "issuer is missing"),
        ({"CLINIXCUE_SERVER_PORT": "many"}, "port"),
        ({"CLINIXCUE_DATABASE_PASSWORD": "wrong"}, "database"),
        ({"CLINIXCUE_BUS_PASSWORD": "wrong"}, "bus"),
    ],
)
def test_settings_that_cannot_work_end_in_one_sentence(
    installation: Installation, changed: dict[str, str], said: str
) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        installation.run("server", changed=changed)
    assert failed.value.returncode == 1
    assert failed.value.stderr.startswith("server: ")
    assert said in failed.value.stderr
    assert "Traceback" not in failed.value.stderr


def test_a_role_that_owns_the_tables_is_refused(installation: Installation) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        installation.run("server", owner=True)
    assert "connect as the application role" in failed.value.stderr


def test_a_busy_port_is_named(installation: Installation) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        installation.run("server")
    assert f"port {installation.port}" in failed.value.stderr


def test_missing_pages_are_said(installation: Installation, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        installation.run("server", changed={"CLINIXCUE_SERVER_STATIC_DIR": str(tmp_path)})  # and the port is busy
    assert "softphone.html is missing" in failed.value.stderr
