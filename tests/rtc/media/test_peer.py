"""One leg against a real peer: what it answers, what it refuses, what it hears."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from rtc.media.opus import Samples
from rtc.media.peer import LegPeer, UnusableOffer
from tests.support.legs import BrowserLeg, loopback_only

SOUND = "chest_pain.patient.flac"
SILENT_MINUTE = "chest_pain.agent.flac"


class Heard:
    """What the leg's sink was given."""

    def __init__(self) -> None:
        self.samples = 0
        self.packets: list[bytes] = []
        self.states: list[str] = []
        self.enough = asyncio.Event()

    def sound(self, pcm: Samples, lost: int) -> None:
        self.samples += len(pcm) // 2
        if self.samples > 16_000:
            self.enough.set()


@pytest.fixture
async def heard() -> Heard:
    return Heard()


@pytest.fixture
async def leg(heard: Heard) -> AsyncIterator[LegPeer]:
    loopback_only()
    peer = LegPeer(heard.sound, lambda payload, _timestamp: heard.packets.append(payload), heard.states.append)
    yield peer
    await peer.close()


async def test_sound_arrives_in_order_as_16_khz_pcm_and_packets_unchanged(leg: LegPeer, heard: Heard) -> None:
    browser = BrowserLeg(SOUND, SILENT_MINUTE)
    await browser.connect(lambda sdp: leg.answer(sdp, ""))
    await asyncio.wait_for(browser.peer.connected.wait(), 10)
    browser.player.play()
    await asyncio.wait_for(heard.enough.wait(), 10)
    await browser.peer.close()
    assert "connected" in heard.states
    started = heard.packets.index(browser.packets[0])
    passed = heard.packets[started : started + 20]
    assert passed == browser.packets[: len(passed)]


async def test_the_answer_asks_for_mono_opus_with_error_correction_and_nothing_else(leg: LegPeer) -> None:
    browser = BrowserLeg(SOUND, SILENT_MINUTE)
    answer = await leg.answer(await browser.peer.offer(), "")
    assert "useinbandfec=1;stereo=0" in answer
    assert "opus/48000" in answer
    assert "PCMU" not in answer
    assert "127.0.0.1" in answer
    await browser.peer.close()


async def test_an_announced_address_replaces_the_local_one(leg: LegPeer) -> None:
    browser = BrowserLeg(SOUND, SILENT_MINUTE)
    answer = await leg.answer(await browser.peer.offer(), "192.0.2.7")
    candidates = [line for line in answer.splitlines() if line.startswith("a=candidate:")]
    assert candidates
    assert all(" 192.0.2.7 " in line for line in candidates)
    await browser.peer.close()


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "hello",
        "v=0\r\n",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n" * 2,
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n",
        "\x00" * 100,
    ],
)
async def test_an_unusable_offer_is_refused_with_a_reason(leg: LegPeer, offer: str) -> None:
    with pytest.raises(UnusableOffer, match=r"needed|could not be used"):
        await leg.answer(offer, "")
