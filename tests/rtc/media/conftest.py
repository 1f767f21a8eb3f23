"""A real NATS server for the tests of `media`, one for all of them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.engines import Nats
from tests.support.legs import loopback_only
from tests.support.media import Office, ScriptedSpeech, connect


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    engine = Nats(Path(tmp_path_factory.mktemp("nats")))
    engine.start()
    yield engine
    engine.stop()


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
