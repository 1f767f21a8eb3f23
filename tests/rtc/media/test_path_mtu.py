"""A path that takes 1,280 bytes and no more, the least IPv6 allows: mobile networks and tunnels come close to it.

Nobody tells a sender that its datagram was too long, so that everything of a call must be small enough by itself.
"""

import asyncio
from typing import Any

import pytest

from rtc.messages import ChannelMessage, ChecklistItem, CriterionResult, Hello, Scorecard, channel_encoder
from server.engines import Nats
from tests.support.media import Conversation, Office, ScriptedSpeech, running_media

MTU = 1280
"""RFC 8200 section 5."""

MAX_DATAGRAM = MTU - 40 - 8
"""Without the headers of IPv6 and UDP."""

TURN_CHANNEL = 4
"""What a TURN server puts in front of each datagram, RFC 8656 section 12.4."""

KINDS = {0x00: "STUN", 0x80: "sound", 20: "change of cipher", 21: "alert", 22: "handshake", 23: "data"}
"""By first byte or its two highest bits: RFC 7983 section 7, RFC 5246 section 6.2.1."""

ITEMS = 60
LABEL = "Asks whether the caller is alone, and whether somebody can stay with them until help comes ({})"


class Path:
    """Every UDP socket made while it is in place sends into it. What is too long is lost without a word."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.longest = dict.fromkeys(KINDS.values(), 0)
        self.too_long: list[int] = []
        self._create: Any = loop.create_datagram_endpoint
        loop.create_datagram_endpoint = self._endpoint  # type: ignore[method-assign]

    async def _endpoint(self, *arguments: Any, **options: Any) -> Any:
        transport, protocol = await self._create(*arguments, **options)
        send = transport.sendto

        def narrow(data: bytes, address: Any = None) -> None:
            kind = KINDS[data[0] if data[0] in KINDS else data[0] & 0xC0]
            self.longest[kind] = max(self.longest[kind], len(data))
            if len(data) > MAX_DATAGRAM:
                self.too_long.append(len(data))
            else:
                send(data, address)

        transport.sendto = narrow
        return transport, protocol


@pytest.fixture
async def path() -> Path:
    return Path(asyncio.get_running_loop())


def big_scorecard() -> Scorecard:
    results = [
        CriterionResult(f"criterion_{number}", LABEL.format(number), 1, "met", 1, "agent", number)
        for number in range(ITEMS)
    ]
    return Scorecard(80, None, 1.0, results, [])


def size(message: ChannelMessage) -> int:
    return len(channel_encoder.encode(message))


async def test_a_whole_call_fits(path: Path, nats: Nats, office: Office, speech: ScriptedSpeech) -> None:
    speech.checklist = [ChecklistItem(f"criterion_{n}", LABEL.format(n), 1) for n in range(ITEMS)]
    speech.scorecard = big_scorecard()
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        hello = await call.agent.until(lambda m: isinstance(m, Hello))
        await asyncio.wait_for(speech.enough.wait(), 10)
        await call.hang_up()
        scorecard = await call.agent.until(lambda m: isinstance(m, Scorecard))
        await call.leave()
    assert isinstance(hello, Hello)
    assert hello.checklist == speech.checklist
    assert scorecard == speech.scorecard
    assert min(size(hello), size(scorecard)) > 6 * MTU, "each takes several datagrams"
    assert call.agent.peer.ear.heard > 20
    assert call.patient.peer.ear.heard > 20
    assert path.too_long == []
    assert min(path.longest[kind] for kind in ("STUN", "handshake", "sound", "data")) > 0
    assert max(path.longest.values()) <= MAX_DATAGRAM - TURN_CHANNEL, "also through a TURN server"
