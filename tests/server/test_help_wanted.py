"""A trigger that wants a supervisor to know: managers with an open softphone are told, and nobody else."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from rtc import bus as subjects
from rtc.messages import SupervisorAlert
from server.demo import RIVERSIDE
from tests.support.fake_media import FakeMedia
from tests.support.installation import Installation, receive
from tests.support.media import connect
from tests.support.signalling import answered_call


@asynccontextmanager
async def manages(installation: Installation, name: str) -> AsyncIterator[None]:
    """One of the agents is a manager too, for a while."""

    async def become(*roles: str) -> None:
        async with installation.rows(RIVERSIDE.id) as rows:
            await rows.execute("UPDATE person SET roles = $1 WHERE name = $2", list(roles), name)

    await become("agent", "manager")
    try:
        yield
    finally:
        await become("agent")


async def test_a_manager_is_told_that_and_of_whom_but_not_what(installation: Installation, media: FakeMedia) -> None:
    assert media.worker_id
    speech = await connect(installation.nats, "speech")
    async with manages(installation, "Asha Patel"):
        call = await answered_call(installation, "tom.agent")
        async with (
            installation.socket("/ws/agent", installation.headers_of("asha.agent")) as asha,
            installation.socket("/ws/agent", installation.headers_of("tom.agent")) as tom,
        ):
            # Both are registered once they are answered.
            for socket in (asha, tom):
                await socket.send(json.dumps({"type": "ping"}))
                await receive(socket, "pong")
            await speech.publish(subjects.ALERTS, SupervisorAlert(call.call_id, "safety"))
            assert await receive(asha, "help_wanted") == {
                "type": "help_wanted",
                "call_id": call.call_id,
                "agent": "Tom Hayes",
                "line": "Reception",
                "lane": "safety",
            }
            await tom.send(json.dumps({"type": "ping"}))
            assert json.loads(await tom.recv())["type"] == "pong", "no manager, and it is his own call"
    await speech.close()


async def test_an_alert_about_no_call_of_ours_is_left_behind(installation: Installation, media: FakeMedia) -> None:
    """And the next one is heard all the same."""
    assert media.worker_id
    speech = await connect(installation.nats, "speech")
    async with manages(installation, "Asha Patel"):
        call = await answered_call(installation, "tom.agent")
        async with installation.socket("/ws/agent", installation.headers_of("asha.agent")) as asha:
            await asha.send(json.dumps({"type": "ping"}))
            await receive(asha, "pong")
            for call_id in ("not a call", str(uuid4()), call.call_id):
                await speech.publish(subjects.ALERTS, SupervisorAlert(call_id, "coach"))
            assert (await receive(asha, "help_wanted"))["call_id"] == call.call_id
    await speech.close()
