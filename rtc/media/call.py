"""One call in `media`: two legs, the clock they share, the lease on a recogniser, the end.

Straight line: patient's offer -> agent's offer -> both connected: bridged, media time 0 -> packets pass through,
sound goes to `speech`, what `speech` says goes to the agent -> someone hangs up -> scorecard -> closed.
A recogniser that is missing, full or lost pauses the cues; it never touches the bridge. A side that is lost (network
changed, page reloaded) is waited for: its next offer takes the old connection's place, and everything else stays.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Literal

from aiortc import RTCDataChannel

from rtc.media.channel import AgentChannel
from rtc.media.feedback import CueLedger
from rtc.media.hearing import Hearing
from rtc.media.opus import FRAME_SAMPLES, Samples
from rtc.media.peer import LegPeer
from rtc.media.side import Side
from rtc.messages import (
    CallPlan,
    ChannelMessage,
    Cue,
    Hello,
    Leg,
    LegEvent,
    Notice,
    Outcome,
    Pipeline,
    PurgeReceipt,
    Scorecard,
)
from rtc.settings import MediaSettings

SCORECARD_SECONDS = 5.0
"""How long the agent's connection outlives the call, so that the scorecard can arrive."""

LOST_SECONDS = 3.0
"""A page pings once a second and its browser sends packets even when muted (RFC 7587 section 3.1.3 without DTX)."""

UNANSWERED_SECONDS = 5.0
"""Before anybody answered, a lost caller is waited for no longer than a page takes to reload: agents are ringing."""

CONNECT_SECONDS = 15.0
"""For ICE and DTLS of a side's first connection. A client that answers STUN for ever and never more must not hold a
call for ever."""

PATIENT_LOST = Notice(
    "connection_lost",
    "warning",
    "The caller's connection is interrupted. Stay on the line: the call goes on when they are back.",
)
PATIENT_BACK = Notice("connection_restored", "info", "The caller is back.")

HangUpBy = Literal["agent", "patient", "server"]


class CallOver(Exception):
    """An offer came for a call that has begun to end."""


class MediaCall:
    """Owner: the media worker. Every method runs on its event loop."""

    def __init__(
        self,
        plan: CallPlan,
        settings: MediaSettings,
        hearing: Hearing,
        tell_server: Callable[[LegEvent], Awaitable[None]],
        report: Callable[[Outcome], Awaitable[None]],
        on_ended: Callable[["MediaCall"], None],
    ) -> None:
        self.plan = plan
        self.hearing = hearing
        self._settings = settings
        self._tell_server = tell_server
        self._report = report
        self._on_ended = on_ended
        self._sides: dict[Leg, Side] = {"agent": Side(), "patient": Side()}
        self._channel = AgentChannel()
        self._cues = CueLedger()
        self._bridged_at: float | None = None
        self._samples_in = 0
        self._concealed = 0
        self._ending: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, leg: Leg, offer_sdp: str) -> str:
        """Connect a leg. A second offer for the same leg replaces the first: the page was reloaded, or has moved to
        another network. Raises UnusableOffer, which leaves the first as it was, or CallOver."""
        if self._ending is not None:
            raise CallOver
        peer = LegPeer(
            on_sound=lambda pcm, lost: self._sound(leg, peer, pcm, lost),
            on_packet=lambda payload, timestamp: self._packet(leg, peer, payload, timestamp),
            on_state=lambda state: self._state(leg, peer, state),
            on_channel=(lambda channel: self._attach(peer, channel)) if leg == "agent" else None,
            on_feedback=self._cues.take if leg == "agent" else None,
        )
        try:
            sdp = await peer.answer(offer_sdp, self._settings.announced_address)
        except BaseException:
            await peer.close()
            raise
        old = self._sides[leg].take(peer)
        if old is not None:
            self._later(old.close())
            self.hearing.interrupted(leg)
            other = self._sides[_other(leg)].peer
            if other is not None:
                other.hears.another_source()
        return sdp

    def _attach(self, peer: LegPeer, channel: RTCDataChannel) -> None:
        side = self._sides["agent"]
        if side.peer is peer:
            self._channel.attach(channel, side.predecessor_sign_at)

    def _state(self, leg: Leg, peer: LegPeer, state: str) -> None:
        side = self._sides[leg]
        if side.peer is not peer or self._ending is not None:
            return
        if state == "connected":
            self._here(leg)
        elif state in ("failed", "closed"):
            side.connected = False
            self._away(leg)

    def _here(self, leg: Leg) -> None:
        """Connected for the first time, or again."""
        side = self._sides[leg]
        before = side.was_connected
        side.here()
        self._later(self._tell_server(LegEvent(self.plan.call_id, leg, "resumed" if before else "connected")))
        if before and leg == "patient":
            self.to_agent(PATIENT_BACK)
        if self._bridged_at is None and all(other.connected for other in self._sides.values()):
            self._bridge()

    def _away(self, leg: Leg) -> None:
        """Say once that this side is lost; `tick` ends the call when nobody returns."""
        if not self._sides[leg].lose():
            return
        self.hearing.interrupted(leg)
        self._later(self._tell_server(LegEvent(self.plan.call_id, leg, "lost")))
        if leg == "patient":
            self.to_agent(PATIENT_LOST)

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
        if isinstance(message, Cue):
            self._cues.sent(message)
        self._channel.send(message)

    def _packet(self, leg: Leg, peer: LegPeer, payload: bytes, timestamp: int) -> None:
        if self._bridged_at is None or self._ending is not None or self._sides[leg].peer is not peer:
            return
        other = self._sides[_other(leg)].peer
        if other is not None:
            other.hears.feed(payload, timestamp)

    def _sound(self, leg: Leg, peer: LegPeer, pcm: Samples, lost: int) -> None:
        if self._bridged_at is None or self._ending is not None or self._sides[leg].peer is not peer:
            return
        self._samples_in += len(pcm) // 2
        self._concealed += lost
        self.hearing.sound(leg, pcm)

    @property
    def _frames_in(self) -> int:
        return self._samples_in // FRAME_SAMPLES

    def tick(self) -> None:
        """Once a second: figures for the page when nobody else sends them; who is lost, back, or stays away."""
        if self._ending is not None:
            return
        if self._bridged_at is not None and not self.hearing.live:
            self.to_agent(Pipeline("live", 0, 0, self._frames_in, self._frames_in - self.hearing.unattested))
        for leg, side in self._sides.items():
            if side.silent_for(LOST_SECONDS):
                self._away(leg)
            elif side.lost and side.heard_again():
                self._here(leg)
            elif side.away_for(self._patience) or side.unconnected_for(CONNECT_SECONDS):
                self.hang_up(leg)

    @property
    def _patience(self) -> float:
        """Seconds that a lost side is waited for."""
        resume = self._settings.resume_seconds
        return resume if self._bridged_at is not None else min(resume, UNANSWERED_SECONDS)

    def hang_up(self, by: HangUpBy) -> None:
        """End the call, once. Returns at once; the end goes on in the background."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(by))

    def abandon_if_empty(self) -> None:
        """Forget a call whose first offer was unusable, so that it does not count against capacity."""
        if self._ending is None and not any(side.peer for side in self._sides.values()):
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
        patient = self._sides["patient"].peer
        if patient is not None:
            await patient.close()
        if self._bridged_at is not None:
            await self._finish(duration)
        agent = self._sides["agent"].peer
        if agent is not None:
            if self._sides["agent"].connected and not self._sides["agent"].lost:
                await self._wait_for_agent(agent)
            await agent.close()
        self._channel.close()
        self._on_ended(self)

    async def _finish(self, duration: float) -> None:
        """Scorecard to the agent, outcome to the server: from `speech`, or from here when it cannot."""
        cues = self._cues.counts()
        if self.plan.analyse and await self.hearing.close(duration, self._frames_in, self._concealed, cues):
            return
        reason = "recogniser_lost" if self.plan.analyse else "patient_declined"
        scorecard = Scorecard(total=None, reason=reason, coverage=0.0, criteria=[], flags=[])
        self.to_agent(scorecard)
        receipt = self._receipt()
        self.to_agent(Pipeline("purge", 0, 0, receipt.frames_in, receipt.frames_wiped))
        outcome = Outcome(
            self.plan.call_id, self.plan.practice_id, self.plan.playbook, 0, round(duration), scorecard, receipt
        )
        self._later(self._report(outcome))

    def _receipt(self) -> PurgeReceipt:
        """Samples that reached a recogniser which then died is gone with its memory, but nobody can attest to it."""
        return PurgeReceipt(
            frames_in=self._frames_in,
            bytes_in=self._frames_in * FRAME_SAMPLES * 2,
            frames_wiped=self._frames_in - self.hearing.unattested,
            oldest_sample_ms=0,
            wiped_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            complete=self.hearing.unattested == 0,
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


def _other(leg: Leg) -> Leg:
    return "patient" if leg == "agent" else "agent"
