"""The agent's data channel: JSON text, cues repeated because one lost datagram costs SCTP a second or more."""

import asyncio
import time
from collections import deque

from aiortc import RTCDataChannel

from rtc.messages import Caption, ChannelMessage, Checklist, Cue, Hello, Listening, Notice, Pipeline, channel_encoder

REPEATS_MS = (60, 150)
"""A cue is sent three times: at once and after these. Its id is idempotent, so the page shows it once."""

WAITING_MESSAGES = 64
"""Kept while the channel is not open yet. Captions are stale by then and are not kept."""

RECENT_CUES = 16
"""Remembered in case they went to a page that was already gone."""

CONGESTED_BYTES = 32_768
"""Above this much unsent data captions and figures are dropped; cues never are."""

CUE_NOTICES = frozenset({"cues_live", "cues_paused", "patient_not_analysed"})


class AgentChannel:
    """Owner: the call, on the event loop of `media`. Lives from the call's start, whether or not the page is there.

    A page that returns is brought up to date: what holds now is remembered (checklist, notices, figures), and cues
    that may have been lost on the way. No caption is, ever.
    """

    def __init__(self) -> None:
        self._channel: RTCDataChannel | None = None
        self._waiting: deque[ChannelMessage] = deque(maxlen=WAITING_MESSAGES)
        self._holds: dict[str, ChannelMessage] = {}
        self._cues: deque[tuple[float, Cue]] = deque(maxlen=RECENT_CUES)
        self._repeats: set[asyncio.TimerHandle] = set()

    def attach(self, channel: RTCDataChannel, last_sign_at: float) -> None:
        """Use this channel, created by the agent's page; aiortc hands it over already open.

        `last_sign_at` (monotonic seconds) is when its predecessor last showed life: cues sent since are sent again.
        """
        self._channel = channel
        unseen = [cue for at, cue in self._cues if at > last_sign_at]
        self._cues.clear()
        for message in (*self._holds.values(), *unseen):
            self.send(message)
        while self._waiting:
            self.send(self._waiting.popleft())

    def send(self, message: ChannelMessage) -> None:
        subject = _subject(message)
        if subject is not None:
            self._holds[subject] = message
        if self._channel is None or self._channel.readyState != "open":
            if subject is None and not isinstance(message, Caption):
                self._waiting.append(message)
            return
        if isinstance(message, Caption | Pipeline) and self._channel.bufferedAmount > CONGESTED_BYTES:
            return
        text = channel_encoder.encode(message).decode()
        self._channel.send(text)
        if isinstance(message, Cue):
            self._cues.append((time.monotonic(), message))
            self._repeat(self._channel, text)

    def _repeat(self, channel: RTCDataChannel, text: str) -> None:
        loop = asyncio.get_running_loop()
        for delay in REPEATS_MS:
            self._repeats.add(loop.call_later(delay / 1000, self._send_again, channel, text))

    def _send_again(self, channel: RTCDataChannel, text: str) -> None:
        self._repeats = {handle for handle in self._repeats if handle.when() > asyncio.get_running_loop().time()}
        if channel.readyState == "open":
            channel.send(text)

    def close(self) -> None:
        """Forget everything that was still to be sent, and what a returning page would have needed."""
        for handle in self._repeats:
            handle.cancel()
        self._repeats.clear()
        self._waiting.clear()
        self._holds.clear()
        self._cues.clear()
        self._channel = None


class CallerChannel:
    """The caller's data channel: it says whether the call is listened to, and nothing else. Owner: the call."""

    def __init__(self) -> None:
        self._channel: RTCDataChannel | None = None
        self._holds: Listening | None = None

    def attach(self, channel: RTCDataChannel) -> None:
        self._channel = channel
        if self._holds is not None:
            self.send(self._holds)

    def send(self, message: Listening) -> None:
        self._holds = message
        if self._channel is not None and self._channel.readyState == "open":
            self._channel.send(channel_encoder.encode(message).decode())


def _subject(message: ChannelMessage) -> str | None:
    """What the message states the present truth about, so that the last one counts; None when it is an event."""
    match message:
        case Checklist(criterion=criterion):
            return f"checklist {criterion}"
        case Hello() | Pipeline() | Listening():
            return type(message).__name__
        case Notice(code=code):
            return "cues" if code in CUE_NOTICES else code.partition("_")[0]
    return None
