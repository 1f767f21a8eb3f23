"""A full house: twenty calls at once in a `media` process of its own, real connections at both ends of each, twice.

This process sends packets that were encoded beforehand and decodes nothing; it is still busier than media.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rtc.messages import Hello, Scorecard
from server.engines import Nats
from tests.support.media import Conversation, Office, ScriptedSpeech

CALLS = 20
AT_ONCE = 4
"""Calls that are set up together: a handshake costs tens of milliseconds of a core on each side."""

TALKING_SECONDS = 30.0
"""At most, until everybody has heard a second of the other side."""

FRAMES = 50
MIB = 2**20
MOST_FOR_A_LEG = 1 * MIB
MOST_MORE = 4 * MIB
"""Of the second twenty calls than of the first: twenty connections that were kept would be 7."""


class MediaProcess:
    """Owner: the test. It prints nothing unless something goes wrong."""

    worker_id = ""

    def __init__(self, nats: Nats, folder: Path) -> None:
        self._log = folder / "media.log"
        environment = os.environ | {
            "CLINIXCUE_BUS_URL": nats.url,
            "CLINIXCUE_BUS_USER": "media",
            "CLINIXCUE_BUS_PASSWORD": nats.passwords["media"],
            "CLINIXCUE_MEDIA_ADDRESSES": "127.0.0.1",
            "CLINIXCUE_MEDIA_CAPACITY": str(CALLS),
            "CLINIXCUE_SANDBOX_REQUIRE": "false",
        }
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rtc.media"], env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def resident(self) -> int:
        """Bytes of memory it holds now."""
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * 4096

    def held(self) -> tuple[int, int]:
        """Threads and open files."""
        process = Path(f"/proc/{self._process.pid}")
        return len(list((process / "task").iterdir())), len(list((process / "fd").iterdir()))

    def stop(self) -> int:
        self._process.terminate()
        return self._process.wait(20)


@pytest.fixture
async def media(nats: Nats, office: Office, tmp_path: Path) -> AsyncIterator[MediaProcess]:
    media = MediaProcess(nats, tmp_path)
    media.worker_id = await asyncio.wait_for(office.media_worker.get(), 20)
    yield media
    assert media.stop() == 0
    assert media.said == ""


class House:
    """Owner: the test. Twenty calls, from the first offer to the last scorecard."""

    def __init__(self, office: Office, media: MediaProcess, speech: ScriptedSpeech) -> None:
        self._media, self._speech = media, speech
        self.calls = [Conversation(office, media) for _ in range(CALLS)]

    async def fill(self) -> None:
        for first in range(0, CALLS, AT_ONCE):
            await asyncio.gather(*(call.begin() for call in self.calls[first : first + AT_ONCE]))
        await asyncio.gather(*(call.agent.until(lambda m: isinstance(m, Hello)) for call in self.calls))

    async def talk(self) -> None:
        """Until everybody has heard so many packets of the very recording that the other side plays."""
        ears = [leg.peer.ear for call in self.calls for leg in (call.agent, call.patient)]
        wanted = [ear.heard + FRAMES for ear in ears]
        async with self._speech.heard:
            everybody = self._speech.heard.wait_for(
                lambda: all(ear.heard >= count for ear, count in zip(ears, wanted, strict=True))
            )
            await asyncio.wait_for(everybody, TALKING_SECONDS)

    async def empty(self) -> None:
        await asyncio.gather(*(call.hang_up() for call in self.calls))
        await asyncio.gather(*(call.agent.until(lambda m: isinstance(m, Scorecard)) for call in self.calls))
        await asyncio.gather(*(call.leave() for call in self.calls))


@pytest.mark.timeout(180)
async def test_forty_legs_twice(office: Office, media: MediaProcess, speech: ScriptedSpeech) -> None:
    at_rest, held = media.resident(), media.held()
    full, afterwards = [], []
    for _ in range(2):
        house = House(office, media, speech)
        await house.fill()
        await house.talk()
        full.append(media.resident() - at_rest)
        await house.empty()
        await office.until_empty(media.worker_id)
        afterwards.append(media.resident() - at_rest)
        assert media.held() == held, "no thread, no socket is left"
    assert max(full) < 2 * CALLS * MOST_FOR_A_LEG
    assert full[1] - full[0] < MOST_MORE
    assert afterwards[1] - afterwards[0] < MOST_MORE, "what the first calls left is used again"
    assert len(speech.closed) == 2 * CALLS
    for close in speech.closed:
        assert close.totals.frames_in >= close.totals.frames_out > FRAMES, "each leg, though a recogniser came later"
    assert [event.state for event in office.events if event.state == "lost"] == []
