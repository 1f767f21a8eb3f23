"""The server's side and a recogniser's, over the real bus, for the tests of `media`."""

from collections.abc import AsyncIterator

import pytest

from server.engines import Nats
from tests.support.legs import loopback_only
from tests.support.media import Office, ScriptedSpeech, connect


@pytest.fixture(autouse=True)
def _loopback() -> None:
    loopback_only()


@pytest.fixture
async def office(nats: Nats) -> AsyncIterator[Office]:
    office = Office(await connect(nats, "server"))
    await office.start()
    yield office
    await office.bus.close()


@pytest.fixture
async def speech(nats: Nats) -> AsyncIterator[ScriptedSpeech]:
    speech = ScriptedSpeech(await connect(nats, "speech"))
    await speech.start()
    yield speech
    await speech.stop()
