"""One live call in `speech`: two legs, one coach, and the end that leaves nothing.

sound -> HeardLeg -> HeardSpeech -> caption, coach -> cue, checklist -> (hang-up) last finals -> scorecard -> wiped,
and media told so. What was said lives in the coach's memory and nowhere else, until `finish`.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Iterable
from typing import get_args

from msgspec import Struct

from rtc.coaching.coach import Coach
from rtc.coaching.hearing import Heard
from rtc.coaching.playbook import Playbook
from rtc.locked_memory import SoundMemory
from rtc.messages import (
    SAMPLE_RATE,
    Caption,
    ChannelMessage,
    ChecklistItem,
    Closed,
    Lease,
    Leg,
    Outcome,
    PauseListening,
    Pcm,
    Pipeline,
    Rest,
    Scorecard,
    SupervisorAlert,
)
from rtc.receipts import Confinement, PurgeReceipt, Wiped, now, sealed
from rtc.speech.frames import FRAME_SAMPLES
from rtc.speech.leg import HeardLeg, HeardSpeech
from rtc.speech.scheduler import Scheduler
from rtc.speech.vad import Silero
from rtc.speech.vocabulary import Vocabulary
from rtc.speech.windows import spoken

LAST_FINALS_S = 0.5
"""How long the end of a call waits for what was said last; then it is scored without.
All is wiped within a second."""

TICK_S = 0.25
"""Of media time, between two looks at deadlines and waiting cards."""

LAST_WINDOWS_S = 2.0
"""How long it waits for windows that are being recognised: they cannot be taken from the engine, and no receipt is
complete before they are wiped."""

MAX_CHUNK_BYTES = 2 * SAMPLE_RATE
"""One second. Media sends 40 ms at a time."""


class Testimony(Struct, frozen=True):
    """What this process says of itself on every receipt."""

    confinement: Confinement
    engines: dict[str, str]


NO_TESTIMONY = Testimony(Confinement("speech", "unproven", []), {})


class LiveCall:
    """Owner: the speech worker, on its event loop. `say` puts a message on the agent's data channel, or tells media."""

    def __init__(
        self,
        lease: Lease,
        playbook: Playbook,
        network: Silero,
        scheduler: Scheduler,
        say: Callable[[ChannelMessage | PauseListening], None],
        memory: SoundMemory | None = None,
        alert: Callable[[SupervisorAlert], None] | None = None,
        testimony: Testimony = NO_TESTIMONY,
    ) -> None:
        plan = lease.plan
        self.plan = plan
        self.media_worker = lease.media_worker
        self._playbook = playbook
        self._resumed = lease.resumed
        self._late = lease.late
        self._coach = Coach(playbook)
        self._say = say
        self._alert = alert
        self._series = f"-{secrets.token_hex(2)}" if lease.resumed else ""
        """In the ids of captions: who takes a call over counts from one again, and the page still holds the first."""
        self._testimony = testimony
        self._pausing: Leg | None = None
        vocabulary = Vocabulary(plan.vocabulary) if plan.vocabulary else None
        self._legs: dict[Leg, HeardLeg] = {
            leg: HeardLeg(
                key=f"{plan.call_id}/{leg}",
                leg=leg,
                cued=leg in playbook.cued_legs,
                network=network,
                scheduler=scheduler,
                on_heard=self._heard,
                language=spoken(playbook.language),
                vocabulary=vocabulary,
                memory=memory,
            )
            for leg in get_args(Leg)
        }
        self.heard_at = time.monotonic()
        self.closing = False
        self.over = False
        self._ticked_at = 0.0

    @property
    def checklist(self) -> list[ChecklistItem]:
        return self._coach.checklist_items

    def hear(self, pcm: Pcm) -> None:
        """What is no sound is ignored: half a sample, or more than media ever sends at once."""
        if self.over or pcm.at < 0 or len(pcm.pcm) % 2 or len(pcm.pcm) > MAX_CHUNK_BYTES:
            return
        self.heard_at = time.monotonic()
        self._legs[pcm.leg].hear(pcm.at, pcm.pcm)
        if pcm.leg == self._pausing:
            self._legs[pcm.leg].forget()  # it was on its way when the card number was noticed
        now = (pcm.at + len(pcm.pcm) // 2) / SAMPLE_RATE
        if now - self._ticked_at >= TICK_S:
            self._tick(now)

    def _tick(self, now: float) -> None:
        """Media time has passed: deadlines, cards that wait for a pause."""
        self._ticked_at = now
        talking = frozenset(leg for leg, ear in self._legs.items() if ear.talking)
        heard_to = {leg: at for leg, ear in self._legs.items() if (at := ear.heard_to) is not None}
        self._tell(self._coach.tick(now, talking, heard_to))

    def _tell(self, messages: Iterable[ChannelMessage]) -> None:
        for message in messages:
            self._say(message)
        if self._alert is not None and self._coach.alerts:
            self._alert(SupervisorAlert(self.plan.call_id, self._coach.alerts[0]))
        if self._coach.pauses_analysis:
            self._pause("patient")

    def _pause(self, leg: Leg) -> None:
        """A card number is being read: none of it is understood from here on, nor what was not understood yet."""
        self._pausing = leg
        self._legs[leg].forget()
        self._say(PauseListening(leg))

    def rest(self, rest: Rest) -> None:
        """media sends no more of this leg for now."""
        if self.over:
            return
        self.heard_at = time.monotonic()
        leg = self._legs[rest.leg]
        if not rest.unheard:
            leg.rest()
            return
        leg.forget()
        if rest.leg == self._pausing:
            self._pausing = None

    def nobody_sends(self) -> None:
        """Neither sound nor rest comes: media is in trouble. What it was saying waits for nothing."""
        for leg in self._legs.values():
            leg.rest()

    def every_second(self) -> None:
        """The figures, and a pause that media has not confirmed."""
        self._say(self.pipeline())
        if self._pausing is not None:
            self._say(PauseListening(self._pausing))

    def _heard(self, speech: HeardSpeech) -> None:
        utterance = f"{speech.leg}{self._series}-{speech.number}"
        if speech.text or speech.final:
            self._say(Caption(utterance, speech.leg, speech.text, speech.final, speech.start, speech.end))
        if not speech.text:
            return
        heard = Heard(
            id=utterance,
            leg=speech.leg,
            text=speech.text,
            final=speech.final,
            start=speech.start,
            end=speech.end,
            confidence=speech.confidence,
            settled=speech.settled,
        )
        self._tell(self._coach.hear(heard))

    def pipeline(self) -> Pipeline:
        """Where the sound is now: kept for words being understood, or nothing held at all."""
        legs = self._legs.values()
        return Pipeline(
            stage="purge" if self.over else "analyse" if any(leg.speaking for leg in legs) else "live",
            buffered_ms=max(leg.ring.buffered_ms for leg in legs),
            oldest_sample_ms=max(round(leg.ring.oldest_s * 1000) for leg in legs),
            frames_in=sum(leg.ring.frames_in for leg in legs),
            frames_wiped=sum(leg.ring.frames_wiped for leg in legs),
        )

    async def finish(self, duration_s: float, interrupted: bool = False) -> Closed:
        """Score, show, wipe: in this order. The call must not be used afterwards."""
        self.closing = True
        self._say(Pipeline("keep", *_figures(self.pipeline())))
        await self._last_finals()
        self.over = True
        scorecard = self._score(duration_s, interrupted)
        self._say(scorecard)
        wiped = await self._wipe()
        self._say(self.pipeline())
        return Closed(scorecard, self._playbook.version, wiped)

    async def forget(self) -> Closed:
        """Somebody stopped the listening: wipe at once, score nothing, and keep no word."""
        self.closing = self.over = True
        wiped = await self._wipe()
        self._coach.finish(0.0, 0.0)
        return Closed(None, self._playbook.version, wiped)

    async def interrupted(self) -> Outcome:
        """media is gone: nobody saw its memory wiped, and nobody else is left to report the call."""
        closed = await self.finish(0.0, interrupted=True)
        scorecard = closed.scorecard or Scorecard(None, "call_interrupted", 0.0, [], [])
        receipt = orphaned(self.plan.call_id, closed.wiped)
        return Outcome(
            self.plan.call_id, self.plan.practice_id, self.plan.playbook, closed.playbook_version, 0, scorecard, receipt
        )

    async def _last_finals(self) -> None:
        for leg in self._legs.values():
            leg.flush()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.drained(), LAST_FINALS_S)

    async def drained(self) -> None:
        """Returns when no final is waiting for its words."""
        for leg in self._legs.values():
            await leg.drained.wait()

    def _score(self, duration_s: float, interrupted: bool) -> Scorecard:
        voiced = sum(leg.voiced_s for leg in self._legs.values())
        understood = sum(leg.understood_s for leg in self._legs.values())
        coverage = round(understood / voiced, 3) if voiced else 0.0
        scorecard = self._coach.finish(duration_s, coverage)
        if self._resumed or self._late or interrupted:
            reason = "recogniser_lost" if self._resumed else "recogniser_late" if self._late else "call_interrupted"
            return Scorecard(None, reason, coverage, [], [])
        return scorecard

    async def _wipe(self) -> Wiped:
        legs = self._legs.values()
        for leg in legs:
            leg.wipe()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(leg.idle.wait() for leg in legs)), LAST_WINDOWS_S)
        rings = [leg.ring for leg in legs]
        wiped = Wiped(
            samples_in=sum(ring.samples_in for ring in rings),
            samples_wiped=sum(ring.samples_wiped for ring in rings),
            blank=all(ring.blank for ring in rings) and all(leg.idle.is_set() for leg in legs),
            oldest_sample_ms=round(max(ring.longest_life_s for ring in rings) * 1000),
            confinement=self._testimony.confinement,
            engines=self._testimony.engines,
        )
        for ring in rings:
            ring.release()
        return wiped


def _figures(pipeline: Pipeline) -> tuple[int, int, int, int]:
    return pipeline.buffered_ms, pipeline.oldest_sample_ms, pipeline.frames_in, pipeline.frames_wiped


def orphaned(call_id: str, wiped: Wiped) -> PurgeReceipt:
    """Without media nobody knows what came in, or how long it waited there: never complete."""
    heard = wiped.samples_in // FRAME_SAMPLES
    return sealed(
        PurgeReceipt(
            call_id=call_id,
            frames_in=heard,
            bytes_in=wiped.samples_in * 2,
            frames_heard=heard,
            frames_wiped=wiped.samples_wiped // FRAME_SAMPLES,
            oldest_sample_ms=wiped.oldest_sample_ms,
            oldest_in_media_ms=0,
            wipe_ms=None,
            wiped_at=now(),
            complete=False,
            stopped_by=None,
            stopped_at_s=None,
            pauses=[],
            confinement=[Confinement("media", "unproven", []), wiped.confinement],
            engines=wiped.engines,
        )
    )
