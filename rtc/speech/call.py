"""One live call in `speech`: two legs, one coach, and the end that leaves nothing.

sound -> HeardLeg -> HeardSpeech -> caption, coach -> cue, checklist -> (hang-up) last finals -> scorecard -> wiped
-> receipt. What was said lives in the coach's memory and nowhere else, until `finish`.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import get_args

from rtc.coaching.coach import Coach
from rtc.coaching.hearing import Heard
from rtc.coaching.playbook import Playbook
from rtc.locked_memory import SoundMemory
from rtc.messages import (
    SAMPLE_RATE,
    Caption,
    ChannelMessage,
    ChecklistItem,
    CueCounts,
    Lease,
    Leg,
    Notice,
    Outcome,
    Pcm,
    Pipeline,
    PurgeReceipt,
    Scorecard,
    SupervisorAlert,
)
from rtc.speech.leg import HeardLeg, HeardSpeech
from rtc.speech.scheduler import Scheduler
from rtc.speech.vad import Silero
from rtc.speech.vocabulary import Vocabulary
from rtc.speech.windows import spoken

LAST_FINALS_S = 1.5
"""How long the end of a call waits for what was said last; then it is scored without."""

TICK_S = 0.25
"""Of media time, between two looks at deadlines and waiting cards."""

ANALYSIS_PAUSED = Notice("analysis_paused", "info", "Not listening to the caller for a moment: card details were read.")
ANALYSIS_RESUMED = Notice("analysis_resumed", "info", "Listening again.")

BYTES_PER_FRAME = 640

MAX_CHUNK_BYTES = 2 * SAMPLE_RATE
"""One second. Media sends 40 ms at a time."""


class LiveCall:
    """Owner: the speech worker, on its event loop. `say` puts a message on the agent's data channel."""

    def __init__(
        self,
        lease: Lease,
        playbook: Playbook,
        network: Silero,
        scheduler: Scheduler,
        say: Callable[[ChannelMessage], None],
        memory: SoundMemory | None = None,
        alert: Callable[[SupervisorAlert], None] | None = None,
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
        self.over = False
        self._ticked_at = 0.0
        self._paused = False

    @property
    def checklist(self) -> list[ChecklistItem]:
        return self._coach.checklist_items

    def hear(self, pcm: Pcm) -> None:
        """What is no sound is ignored: half a sample, or more than media ever sends at once."""
        if self.over or pcm.at < 0 or len(pcm.pcm) % 2 or len(pcm.pcm) > MAX_CHUNK_BYTES:
            return
        self.heard_at = time.monotonic()
        now = (pcm.at + len(pcm.pcm) // 2) / SAMPLE_RATE
        if pcm.leg == "patient" and now <= self._coach.paused_until:
            self._legs[pcm.leg].pass_over(pcm.at, pcm.pcm)
        else:
            self._legs[pcm.leg].hear(pcm.at, pcm.pcm)
        if now - self._ticked_at >= TICK_S:
            self._tick(now)

    def _tick(self, now: float) -> None:
        """Media time has passed: deadlines, cards that wait for a pause, the end of a pause of analysis."""
        self._ticked_at = now
        talking = frozenset(leg for leg, ear in self._legs.items() if ear.talking)
        heard_to = {leg: at for leg, ear in self._legs.items() if (at := ear.heard_to) is not None}
        self._tell(self._coach.tick(now, talking, heard_to))
        if self._paused and now > self._coach.paused_until:
            self._paused = False
            self._say(ANALYSIS_RESUMED)

    def _tell(self, messages: Iterable[ChannelMessage]) -> None:
        for message in messages:
            self._say(message)
        if self._alert is not None and self._coach.alerts:
            self._alert(SupervisorAlert(self.plan.call_id, self._coach.alerts[0]))
        if not self._paused and self._coach.paused_until > self._ticked_at:
            self._paused = True
            self._say(ANALYSIS_PAUSED)

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

    async def finish(self, duration_s: float, interrupted: bool = False, cues: Sequence[CueCounts] = ()) -> Outcome:
        """Score, show, wipe, attest: in this order. The call must not be used afterwards. `cues`: from media."""
        self._say(Pipeline("keep", *_figures(self.pipeline())))
        await self._last_finals()
        self.over = True
        scorecard = self._score(duration_s, interrupted)
        self._say(scorecard)
        receipt = self._wipe(interrupted)
        self._say(self.pipeline())
        for leg in self._legs.values():
            leg.ring.release()
        return Outcome(
            self.plan.call_id,
            self.plan.practice_id,
            self.plan.playbook,
            self._playbook.version,
            round(duration_s),
            scorecard,
            receipt,
            list(cues),
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

    def _wipe(self, interrupted: bool) -> PurgeReceipt:
        """What media still held of a call that it did not close is gone, but nobody here saw that."""
        for leg in self._legs.values():
            leg.wipe()
        rings = [leg.ring for leg in self._legs.values()]
        frames_in = sum(ring.frames_in for ring in rings)
        frames_wiped = sum(ring.frames_wiped for ring in rings)
        return PurgeReceipt(
            frames_in=frames_in,
            bytes_in=frames_in * BYTES_PER_FRAME,
            frames_wiped=frames_wiped,
            oldest_sample_ms=round(max(ring.longest_life_s for ring in rings) * 1000),
            wiped_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            complete=frames_wiped == frames_in
            and all(ring.blank for ring in rings)
            and not (self._resumed or interrupted),
        )


def _figures(pipeline: Pipeline) -> tuple[int, int, int, int]:
    return pipeline.buffered_ms, pipeline.oldest_sample_ms, pipeline.frames_in, pipeline.frames_wiped
