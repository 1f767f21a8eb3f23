"""The sound of several calls on its way to their recognisers, over a real bus: one message a round, counted right."""

import time
import uuid
from collections.abc import AsyncIterator

import pytest

from rtc.bus import Bus
from rtc.locked_memory import SoundMemory
from rtc.media.hearing import Hearing, SpeechWorkers
from rtc.media.opus import FRAME_SAMPLES
from rtc.media.post import MAX_PARCEL_BYTES, PLACE_BYTES, SoundPost
from rtc.messages import SAMPLE_RATE, CallPlan, Leg
from server.engines import Nats
from tests.support.media import ScriptedSpeech, connect

FRAME = b"\1\2" * FRAME_SAMPLES
LEGS: tuple[Leg, Leg] = ("agent", "patient")


@pytest.fixture
async def bus(nats: Nats) -> AsyncIterator[Bus]:
    bus = await connect(nats, "media")
    yield bus
    await bus.close()


class Calls:
    """Calls of one media process whose rounds are posted by hand."""

    def __init__(self, bus: Bus, count: int) -> None:
        self.bus = bus
        self.workers = SpeechWorkers()
        self.post = SoundPost(bus)
        self.memory = SoundMemory(2 * count, PLACE_BYTES)
        self.hearings = [self._hearing() for _ in range(count)]

    def _hearing(self) -> Hearing:
        plan = CallPlan(str(uuid.uuid4()), str(uuid.uuid4()), "gp-reception", True)
        return Hearing(plan, "media", self.bus, self.workers, self.post, self.memory)

    async def start(self, *hearings: Hearing) -> None:
        for hearing in hearings or self.hearings:
            await hearing.start(time.monotonic(), lambda _message: None)

    def say(self, frames: int) -> None:
        for hearing in self.hearings:
            for leg in LEGS:
                for _ in range(frames):
                    hearing.sound(leg, FRAME)

    async def round(self) -> None:
        await self.post.post(*self.hearings)

    async def end(self) -> None:
        for hearing in self.hearings:
            await hearing.close(1.0, 0, 0)


async def test_one_message_brings_what_all_legs_said(bus: Bus, speech: ScriptedSpeech) -> None:
    calls = Calls(bus, 10)
    await calls.start()
    calls.say(2)
    await calls.round()
    await calls.end()
    [sound] = speech.sounds
    assert len(sound.pieces) == 20
    assert {piece.pcm for piece in sound.pieces} == {FRAME * 2}
    assert len({(piece.call_id, piece.leg) for piece in sound.pieces}) == 20
    assert [close.totals.frames_out for close in speech.closed] == [4] * 10


async def test_each_recogniser_gets_its_own_calls(bus: Bus, nats: Nats, speech: ScriptedSpeech) -> None:
    calls = Calls(bus, 2)
    await calls.start(calls.hearings[0])
    speech.alive = False
    other = ScriptedSpeech(await connect(nats, "speech"))
    await other.start()
    while not calls.hearings[1].live:
        await calls.start(calls.hearings[1])  # the queue group asks either; the first refuses
    calls.say(1)
    await calls.round()
    await calls.end()
    for worker, hearing in zip((speech, other), calls.hearings, strict=True):
        [sound] = worker.sounds
        assert {piece.call_id for piece in sound.pieces} == {hearing._plan.call_id}
    await other.stop()


async def test_much_sound_goes_in_messages_that_nats_takes(bus: Bus, speech: ScriptedSpeech) -> None:
    calls = Calls(bus, 20)
    await calls.start()
    calls.say(50)
    await calls.round()
    await calls.end()
    sizes = [sum(len(piece.pcm) for piece in sound.pieces) for sound in speech.sounds]
    assert sum(sizes) == 40 * 50 * len(FRAME)
    assert max(sizes) <= MAX_PARCEL_BYTES
    assert min(sizes) > MAX_PARCEL_BYTES // 2, "no more of them than needed"


async def test_the_rest_is_posted_before_the_recogniser_is_told_of_the_end(bus: Bus, speech: ScriptedSpeech) -> None:
    calls = Calls(bus, 1)
    await calls.start()
    calls.say(3)
    await calls.end()
    assert [len(sound.pieces) for sound in speech.sounds] == [2], "both legs, and all of it had come when it ended"
    assert speech.closed[0].totals.frames_out == 6


async def test_what_could_not_be_posted_is_not_counted(bus: Bus, speech: ScriptedSpeech) -> None:
    calls = Calls(bus, 2)
    await calls.start()
    calls.say(2)
    await calls.round()
    await bus.close()
    calls.say(5)
    await calls.round()
    await calls.end()
    assert [hearing._samples_out for hearing in calls.hearings] == [4 * FRAME_SAMPLES] * 2
    assert [hearing.samples_unattested for hearing in calls.hearings] == [4 * FRAME_SAMPLES] * 2, (
        "what did leave, nobody has seen wiped"
    )


async def test_sound_on_its_way_to_a_recogniser_that_was_just_lost_is_unattested(
    bus: Bus, speech: ScriptedSpeech
) -> None:
    calls = Calls(bus, 1)
    [hearing] = calls.hearings
    await calls.start()
    calls.say(1)
    [(worker, agent), (_, patient)] = hearing.take()
    assert (worker, len(agent.pcm), len(patient.pcm)) == (speech.worker_id, len(FRAME), len(FRAME))
    calls.workers.seen.clear()
    hearing._lose_worker()
    hearing.posted(worker, 2 * FRAME_SAMPLES)
    assert hearing.samples_unattested == 2 * FRAME_SAMPLES
    assert list(hearing.take()) == []
    await calls.end()


async def test_a_round_with_nothing_to_say_costs_no_message(bus: Bus, speech: ScriptedSpeech) -> None:
    calls = Calls(bus, 3)
    await calls.start()
    for _ in range(50):
        await calls.round()
    calls.hearings[1].sound("agent", FRAME)
    await calls.round()
    await calls.end()
    assert [len(sound.pieces) for sound in speech.sounds] == [1]
    assert speech.sounds[0].pieces[0].at < SAMPLE_RATE
