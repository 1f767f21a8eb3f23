"""One call in `media`: two legs, the clock they share, the lease on a recogniser, the end.

Straight line: patient's offer -> agent's offer -> both connected: bridged, media time 0 -> packets pass through,
sound goes to `speech`, what `speech` says goes to the agent -> someone hangs up -> scorecard -> closed.
A recogniser that is missing, full or lost pauses the cues; it never touches the bridge. A side that is lost (network
changed, page reloaded) is waited for: its next offer takes the old connection's place, and everything else stays.
What may not be heard (held, stopped, a card number) is dropped here, before it is gathered.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from aiortc import RTCDataChannel

from rtc.media.channel import AgentChannel, CallerChannel
from rtc.media.feedback import CueLedger
from rtc.media.hearing import CLOSE_SECONDS, Hearing
from rtc.media.listening import ListeningWishes
from rtc.media.opus import FRAME_SAMPLES, Samples
from rtc.media.peer import LegPeer
from rtc.media.receipt import receipt
from rtc.media.side import Side
from rtc.messages import (
    NOT_CONNECTED,
    CallPlan,
    ChannelMessage,
    Cue,
    CueFeedback,
    GivenUp,
    Hello,
    Hold,
    Leg,
    LegEvent,
    Notice,
    Outcome,
    PageMessage,
    PauseListening,
    Pipeline,
    Purged,
    ResumeListening,
    Scorecard,
    StopListening,
)
from rtc.receipts import Confinement, PurgeReceipt
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
        confinement: Confinement,
    ) -> None:
        """`confinement`: of this process, for the receipt."""
        self.plan = plan
        self.hearing = hearing
        self._settings = settings
        self._tell_server = tell_server
        self._report = report
        self._on_ended = on_ended
        self._confinement = confinement
        self._sides: dict[Leg, Side] = {"agent": Side(), "patient": Side()}
        self._channel = AgentChannel()
        self._caller_channel = CallerChannel()
        self._listening = ListeningWishes(plan.analyse)
        self._stopping: asyncio.Task[None] | None = None
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
            on_channel=lambda channel: self._attach(leg, peer, channel),
            on_said=lambda message: self._page_said(leg, message),
        )
        try:
            sdp = await peer.answer(offer_sdp, self._settings.announced_address)
        except BaseException:
            await peer.close()
            raise
        old = self._sides[leg].take(peer)
        if old is not None:
            self._later(old.close())
            self._later(self.hearing.rest(leg))
            other = self._sides[_other(leg)].peer
            if other is not None:
                other.hears.another_source()
        return sdp

    def _attach(self, leg: Leg, peer: LegPeer, channel: RTCDataChannel) -> None:
        side = self._sides[leg]
        if side.peer is not peer:
            return
        if leg == "patient":
            self._caller_channel.attach(channel)
        else:
            self._channel.attach(channel, side.predecessor_sign_at)

    def _page_said(self, leg: Leg, message: PageMessage) -> None:
        """Either side may stop the listening; the rest is the agent's."""
        if isinstance(message, StopListening):
            self._stop_listening(leg)
        elif leg == "agent":
            match message:
                case CueFeedback():
                    self._cues.take(message)
                case Hold(value=value):
                    self._hold(value)
                case ResumeListening():
                    self._tell_pages_if(self._listening.resume())

    def _stop_listening(self, by: Leg) -> None:
        """From here on no frame of this call leaves media but to the other side."""
        if self._ending is None and self._listening.stop(by):
            self._tell_pages_if(True)
            self._stopping = asyncio.create_task(self.hearing.stop())

    def _hold(self, value: bool) -> None:
        changed = self._listening.hold(value)
        self._tell_pages_if(changed)
        if changed and value:
            for leg in self._sides:
                self._later(self.hearing.rest(leg))

    def _pause(self, leg: Leg) -> None:
        """The recogniser noticed a card number. It repeats itself until it is told that nothing more comes."""
        self._tell_pages_if(self._listening.pause())
        if not self._listening.hears(leg):
            self._later(self.hearing.rest(leg, unheard=True))

    def _tell_pages_if(self, changed: bool) -> None:
        if changed:
            self._channel.send(self._listening.message)
            self._caller_channel.send(self._listening.message)

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
        self._later(self.hearing.rest(leg))
        self._later(self._tell_server(LegEvent(self.plan.call_id, leg, "lost")))
        if leg == "patient":
            self.to_agent(PATIENT_LOST)

    def _bridge(self) -> None:
        self._bridged_at = time.monotonic()
        self._tell_pages_if(True)
        self._later(self._listen(self._bridged_at))

    async def _listen(self, bridged_at: float) -> None:
        if not self.plan.analyse:
            self.to_agent(Hello(self.plan.call_id, False, self.plan.playbook, []))
            text = "The caller asked to be put through without analysis. Nothing of this call is listened to."
            self.to_agent(Notice("patient_not_analysed", "info", text))
            return
        if self._listening.stopped_by is None:
            await self.hearing.start(bridged_at, self.to_agent)

    def said(self, message: ChannelMessage | PauseListening | GivenUp) -> None:
        """By the recogniser. What it says of words it should not have heard any more is for nobody."""
        if isinstance(message, GivenUp):
            self.hearing.given_up(message.wiped)
        elif isinstance(message, PauseListening):
            self._pause(message.leg)
        elif self._listening.stopped_by is None:
            self.to_agent(message)

    def to_agent(self, message: ChannelMessage) -> None:
        if isinstance(message, Cue):
            self._cues.sent(message)
        self._channel.send(message)

    def _packet(self, leg: Leg, peer: LegPeer, payload: bytes, timestamp: int) -> None:
        if self._bridged_at is None or self._ending is not None or self._sides[leg].peer is not peer:
            return
        other = self._sides[_other(leg)].peer
        if other is not None and not self._listening.held:
            other.hears.feed(payload, timestamp)

    def _sound(self, leg: Leg, peer: LegPeer, pcm: Samples, lost: int) -> None:
        if self._bridged_at is None or self._ending is not None or self._sides[leg].peer is not peer:
            return
        self._samples_in += len(pcm) // 2
        self._concealed += lost
        if self._listening.hears(leg):
            self.hearing.sound(leg, pcm)

    @property
    def _frames_in(self) -> int:
        return self._samples_in // FRAME_SAMPLES

    def tick(self) -> None:
        """Once a second: figures for the page when nobody else sends them; who is lost, back, or stays away."""
        if self._ending is not None:
            return
        if self._bridged_at is not None and not self.hearing.live:
            unattested = self.hearing.samples_unattested // FRAME_SAMPLES
            self.to_agent(Pipeline("live", 0, 0, self._frames_in, self._frames_in - unattested))
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
        hung_up_at = time.monotonic()
        for side in self._sides.values():
            if side.peer is not None:
                side.peer.deafen()
        await self._tell_server(LegEvent(self.plan.call_id, None if by == "server" else by, "ended"))
        patient = self._sides["patient"].peer
        closing = patient.close() if patient is not None else _nobody()
        await asyncio.gather(closing, self._finish(self._bridged_at or hung_up_at, hung_up_at))
        agent = self._sides["agent"].peer
        if agent is not None:
            if self._sides["agent"].connected and not self._sides["agent"].lost:
                await self._wait_for_agent(agent)
            await agent.close()
        self._channel.close()
        self._on_ended(self)

    async def _finish(self, bridged_at: float, hung_up_at: float) -> None:
        """Scorecard and receipt to the agent, the outcome to the server."""
        duration, closed = hung_up_at - bridged_at, None
        if self._stopping is not None:
            await asyncio.wait([self._stopping], timeout=CLOSE_SECONDS)
        else:
            closed = await self.hearing.close(duration, self._frames_in, self._concealed)
        wiped_after = time.monotonic() - hung_up_at
        if closed is not None and closed.scorecard is not None:
            scorecard, version = closed.scorecard, closed.playbook_version  # the agent has it from the recogniser
        else:
            scorecard, version = Scorecard(None, self._not_scored, 0.0, [], []), 0
            self.to_agent(scorecard)
        purged = self._receipt(bridged_at, wiped_after)
        self.to_agent(Pipeline("purge", 0, 0, purged.frames_in, purged.frames_wiped))
        self.to_agent(Purged(purged))
        plan, cues = self.plan, self._cues.counts() if version else []
        outcome = Outcome(
            plan.call_id, plan.practice_id, plan.playbook, version, round(duration), scorecard, purged, cues
        )
        self._later(self._report(outcome))

    @property
    def _not_scored(self) -> str:
        if self._bridged_at is None:
            return NOT_CONNECTED
        if not self.plan.analyse:
            return "patient_declined"
        by = self._listening.stopped_by
        return "recogniser_lost" if by is None else f"{by}_stopped"

    def _receipt(self, bridged_at: float, wiped_after: float) -> PurgeReceipt:
        by, at, hearing = self._listening.stopped_by, self._listening.stopped_at, self.hearing
        return receipt(
            call_id=self.plan.call_id,
            samples_in=self._samples_in,
            samples_out=hearing.samples_out,
            samples_unattested=hearing.samples_unattested,
            longest_wait_s=hearing.longest_wait_s,
            wipe_s=wiped_after,
            wiped=hearing.wiped,
            confinement=self._confinement,
            stopped=None if by is None or at is None else (by, max(0.0, at - bridged_at)),
            pauses=self._listening.pauses(bridged_at),
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


async def _nobody() -> None:
    """There is nobody to close."""


def _other(leg: Leg) -> Leg:
    return "patient" if leg == "agent" else "agent"
