"""The agent's data channel: JSON text, cues repeated because one lost datagram costs SCTP a second or more."""

import asyncio
from collections import deque

from aiortc import RTCDataChannel

from rtc.messages import Caption, ChannelMessage, Cue, Pipeline, channel_encoder

REPEATS_MS = (60, 150)
"""A cue is sent three times: at once and after these. Its id is idempotent, so the page shows it once."""

WAITING_MESSAGES = 64
"""Kept while the channel is not open yet. Captions and pipeline figures are stale by then and are not kept."""

CONGESTED_BYTES = 32_768
"""Above this much unsent data captions and figures are dropped; cues never are."""


class AgentChannel:
    """Owner: the call, on the event loop of `media`. Lives from the call's start, whether or not the page is there."""

    def __init__(self) -> None:
        self._channel: RTCDataChannel | None = None
        self._waiting: deque[ChannelMessage] = deque(maxlen=WAITING_MESSAGES)
        self._repeats: set[asyncio.TimerHandle] = set()

    def attach(self, channel: RTCDataChannel) -> None:
        """Use this channel, created by the agent's page; aiortc hands it over already open."""
        self._channel = channel
        while self._waiting:
            self.send(self._waiting.popleft())

    def send(self, message: ChannelMessage) -> None:
        if self._channel is None or self._channel.readyState != "open":
            if not isinstance(message, Caption | Pipeline):
                self._waiting.append(message)
            return
        if isinstance(message, Caption | Pipeline) and self._channel.bufferedAmount > CONGESTED_BYTES:
            return
        text = channel_encoder.encode(message).decode()
        self._channel.send(text)
        if isinstance(message, Cue):
            self._repeat(text)

    def _repeat(self, text: str) -> None:
        loop = asyncio.get_running_loop()
        for delay in REPEATS_MS:
            self._repeats.add(loop.call_later(delay / 1000, self._send_again, text))

    def _send_again(self, text: str) -> None:
        self._repeats = {handle for handle in self._repeats if handle.when() > asyncio.get_running_loop().time()}
        if self._channel is not None and self._channel.readyState == "open":
            self._channel.send(text)

    def close(self) -> None:
        """Forget everything that was still to be sent."""
        for handle in self._repeats:
            handle.cancel()
        self._repeats.clear()
        self._waiting.clear()
        self._channel = None
