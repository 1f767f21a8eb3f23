"""A real NATS server for the tests of `rtc`, one for all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.engines import Nats


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    engine = Nats(Path(tmp_path_factory.mktemp("nats")))
    engine.start()
    yield engine
    engine.stop()
