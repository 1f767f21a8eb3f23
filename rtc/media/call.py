"""One call in `media`: two legs, the clock they share, the lease on a recogniser, the end.

Straight line: patient's offer -> agent's offer -> both connected: bridged, media time 0 -> packets pass through,
sound goes to `speech`, what `speech` says goes to the agent -> someone hangs up -> scorecard -> closed.
A recogniser that is missing, full or lost pauses the cues; it never touches the bridge.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Literal

from aiortc import RTCDataChannel

from rtc.media.channel import AgentChannel
from rtc.media.hearing import Hearing
from rtc.media.opus import FRAME_SAMPLES
from rtc.media.peer import LegPeer
from rtc.messages import (
    CallPlan,
    ChannelMessage,
    Hello,
    Leg,
    LegEvent,
    MediaTotals,
    Notice,
    Outcome,
    Pipeline,
    PurgeReceipt,
    Scorecard,
)

SCORECARD_SECONDS = 5.0
"""How long the agent's connection outlives the call, so that the scorecard can arrive."""

SILENT_LEG_SECONDS = 10.0
"""A browser sends packets even when muted (RFC 7587 section 3.1.3 without DTX): none for this long is a dead leg."""

HangUpBy = Literal["agent", "patient", "server"]


class MediaCall:
    """Owner: the media worker. Every method runs on its event loop."""

    def __init__(
        self,
        plan: CallPlan,
        announced_address: str,
        hearing: Hearing,
        tell_server: Callable[[LegEvent], Awaitable[None]],
        report: Callable[[Outcome], Awaitable[None]],
        on_ended: Callable[["MediaCall"], None],
    ) -> None:
        self.plan = plan
        self.hearing = hearing
        self._announced_address = announced_address
        self._tell_server = tell_server
        self._report = report
        self._on_ended = on_ended
        self._peers: dict[Leg, LegPeer] = {}
        self._connected: set[Leg] = set()
        self._channel = AgentChannel()
        self._bridged_at: float | None = None
        self._samples_in = 0
        self._concealed = 0
        self._ending: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, leg: Leg, offer_sdp: str) -> str:
        """Connect a leg. A second offer for the same leg replaces the first (the page was reloaded)."""
        old = self._peers.pop(leg, None)
        if old is not None:
            self._connected.discard(leg)
            await old.close()
        peer = LegPeer(
            on_sound=lambda pcm, lost: self._sound(leg, pcm, lost),
            on_packet=lambda payload, timestamp: self._packet(leg, payload, timestamp),
            on_state=lambda state: self._state(leg, peer, state),
            on_channel=self._attach if leg == "agent" else None,
        )
        try:
            sdp = await peer.answer(offer_sdp, self._announced_address)
        except BaseException:
            await peer.close()
            raise
        self._peers[leg] = peer
        return sdp

    def _attach(self, channel: RTCDataChannel) -> None:
        self._channel.attach(channel)

    def _state(self, leg: Leg, peer: LegPeer, state: str) -> None:
        if self._peers.get(leg) is not peer or self._ending is not None:
            return
        if state == "connected":
            self._connected.add(leg)
            self._later(self._tell_server(LegEvent(self.plan.call_id, leg, "connected")))
            if len(self._connected) == 2 and self._bridged_at is None:
                self._bridge()
        elif state in ("failed", "closed"):
            self._connected.discard(leg)
            self.hang_up(leg)

    def _bridge(self) -> None:
        self._bridged_at = time.monotonic()
        self._later(self._listen(self._bridged_at))

    async def _listen(self, bridged_at: float) -> None:
        if not self.plan.analyse:
            self.to_agent(Hello(self.plan.call_id, False, self.plan.playbook, []))
            text = "The caller asked to be put through without analysis. Nothing of this call is listened to."
            self.to_agent(Notice("patient_not_analysed", "info", text))
            return
        await self.hearing.start(bridged_at, self.to_agent)

    def to_agent(self, message: ChannelMessage) -> None:
        self._channel.send(message)

    def _packet(self, leg: Leg, payload: bytes, timestamp: int) -> None:
        if self._bridged_at is None or self._ending is not None:
            return
        other = self._peers.get("patient" if leg == "agent" else "agent")
        if other is not None:
            other.hears.feed(payload, timestamp)

    def _sound(self, leg: Leg, pcm: bytes, lost: int) -> None:
        if self._bridged_at is None or self._ending is not None:
            return
        self._samples_in += len(pcm) // 2
        self._concealed += lost
        self.hearing.sound(leg, pcm)

    @property
    def _frames_in(self) -> int:
        return self._samples_in // FRAME_SAMPLES

    def tick(self) -> None:
        """Once a second: figures for the page when nobody else sends them, and legs that have gone silent."""
        if self._ending is not None:
            return
        if self._bridged_at is not None and not self.hearing.live:
            self.to_agent(Pipeline("live", 0, 0, self._frames_in, self._frames_in))
        now = time.monotonic()
        for leg, peer in list(self._peers.items()):
            if leg in self._connected and now - peer.last_packet_at > SILENT_LEG_SECONDS:
                self.hang_up(leg)

    def hang_up(self, by: HangUpBy) -> None:
        """End the call, once. Returns at once; the end goes on in the background."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(by))

    def abandon_if_empty(self) -> None:
        """Forget a call whose first offer was unusable, so that it does not count against capacity."""
        if not self._peers and self._ending is None:
            self._on_ended(self)

    async def ended(self) -> None:
        """Wait for the end that `hang_up` began, and for what is still being told."""
        if self._ending is not None:
            await self._ending
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _end(self, by: HangUpBy) -> None:
        duration = time.monotonic() - self._bridged_at if self._bridged_at is not None else 0.0
        ended_by = None if by == "server" else by
        await self._tell_server(LegEvent(self.plan.call_id, ended_by, "ended"))
        patient = self._peers.pop("patient", None)
        if patient is not None:
            await patient.close()
        if self._bridged_at is not None:
            await self._finish(duration)
        agent = self._peers.pop("agent", None)
        if agent is not None:
            if by != "agent" or "agent" in self._connected:
                await self._wait_for_agent(agent)
            await agent.close()
        self._channel.close()
        self._on_ended(self)

    async def _finish(self, duration: float) -> None:
        """Scorecard to the agent, outcome to the server: from `speech`, or from here when it cannot."""
        totals = MediaTotals(self._frames_in, self.hearing.frames_out, self._concealed)
        if self.plan.analyse and await self.hearing.close(duration, totals):
            return
        reason = "recogniser_lost" if self.plan.analyse else "patient_declined"
        scorecard = Scorecard(total=None, reason=reason, coverage=0.0, criteria=[], flags=[])
        self.to_agent(scorecard)
        self.to_agent(Pipeline("purge", 0, 0, self._frames_in, self._frames_in))
        receipt = self._receipt()
        outcome = Outcome(
            self.plan.call_id, self.plan.practice_id, self.plan.playbook, 0, round(duration), scorecard, receipt
        )
        self._later(self._report(outcome))

    def _receipt(self) -> PurgeReceipt:
        """Sound that reached a recogniser which then died is gone with its memory, but nobody can attest to it."""
        return PurgeReceipt(
            frames_in=self._frames_in,
            bytes_in=self._frames_in * FRAME_SAMPLES * 2,
            frames_wiped=self._frames_in - self.hearing.frames_out,
            oldest_sample_ms=0,
            wiped_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            complete=self.hearing.frames_out == 0,
        )

    async def _wait_for_agent(self, agent: LegPeer) -> None:
        """The agent's page closes its own connection once it has the scorecard."""
        try:
            await asyncio.wait_for(agent.closed.wait(), SCORECARD_SECONDS)
        except TimeoutError:
            return

    def _later(self, work: Awaitable[None]) -> None:
        """Run in the background without losing the task (RUF006) or its end."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
