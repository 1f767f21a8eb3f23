"""One installation for all tests of the server; a media worker of its own for each test that takes calls."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest

from tests.support.fake_media import FakeMedia, fake_media
from tests.support.installation import Installation


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    installed = Installation(tmp_path_factory.mktemp("installation"))
    try:
        installed.start()
        yield installed
    finally:
        installed.stop()


@pytest.fixture
async def media(installation: Installation) -> AsyncIterator[FakeMedia]:
    async with fake_media(await installation.media_bus()) as worker:
        yield worker


@pytest.fixture
async def anybody(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    async with installation.client() as client:
        yield client


@pytest.fixture
async def tom(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    async with installation.as_person("tom.agent") as client:
        yield client


@pytest.fixture
async def maria(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    async with installation.as_person("maria.manager") as client:
        yield client


@pytest.fixture
def riverside(installation: Installation) -> dict[str, Any]:
    return installation.practice("Riverside Surgery")
