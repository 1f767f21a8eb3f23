"""A browser's end of one leg, as a test drives it: real aiortc over loopback, prepared Opus packets."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

import aioice.ice
from aiortc import RTCPeerConnection

from rtc.messages import ChannelMessage, channel_decoder
from rtc.synthetic.network import ice_of
from rtc.synthetic.peer import SyntheticPeer
from rtc.synthetic.sound import Player, opus_packets, silence

packets_of = cache(opus_packets)

CALLS = Path(__file__).parents[1] / "data" / "calls"


def loopback_only() -> None:
    """aioice never offers 127.0.0.1 by itself."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


class BrowserLeg:
    """Owner: the test. `messages` holds what came over the data channel, in order."""

    def __init__(self, sends: str, hears: str, channel: bool = False) -> None:
        self.packets = packets_of(CALLS / sends)
        self.player = Player(self.packets, silence(10)[-1])
        self.messages: list[ChannelMessage] = []
        self._arrived = asyncio.Condition()
        expected = packets_of(CALLS / hears)
        self.peer = SyntheticPeer(self.player, expected, self._message if channel else None)

    def _message(self, text: str) -> None:
        self.messages.append(channel_decoder.decode(text))
        self._notified = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()

    async def connect(self, answer: Callable[[str], Awaitable[str]]) -> None:
        await self.peer.accept(await answer(await self.peer.offer()))

    async def until(self, wanted: Callable[[ChannelMessage], bool], seconds: float = 10.0) -> ChannelMessage:
        """The first message, past or future, that is wanted. Raises TimeoutError."""

        def found() -> ChannelMessage | None:
            return next((message for message in self.messages if wanted(message)), None)

        async with self._arrived:
            await asyncio.wait_for(self._arrived.wait_for(lambda: found() is not None), seconds)
        message = found()
        assert message is not None
        return message

    @property
    def connection(self) -> RTCPeerConnection:
        return self.peer._connection

    def vanish(self) -> None:
        """As when the network is gone: from now on nothing this peer sends leaves it, and it says no goodbye."""
        for protocol in ice_of(self.connection)._protocols:
            protocol.transport.sendto = lambda *_: None

    def reappear(self) -> None:
        for protocol in ice_of(self.connection)._protocols:
            del protocol.transport.sendto

    def fall_silent(self) -> None:
        """The microphone is gone, the page is not: no packet is sent any more."""
        [sender] = self.connection.getSenders()
        sender.replaceTrack(None)

    def ping(self, text: str = '{"type":"ping"}') -> None:
        assert self.peer.channel is not None
        self.peer.channel.send(text)
