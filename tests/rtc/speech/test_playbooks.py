"""Which playbook a call gets, how often it is read, and that sound does not wait for it."""

import asyncio
from importlib.resources import files

import msgspec
import pytest

from rtc.bus import SPEECH_LEASE, SPEECH_STATE
from rtc.coaching.playbook import PlaybookError, load
from rtc.locked_memory import SoundMemory
from rtc.messages import CallPlan, Grant, Lease, LegOffer, Refusal, WorkerState
from rtc.published_playbook import MAX_PACKED_BYTES, MAX_PLAYBOOK_BYTES, PublishedPlaybook
from rtc.settings import SpeechSettings
from rtc.speech import playbooks as reading
from rtc.speech.frames import RING_BYTES
from rtc.speech.playbooks import KEPT, Playbooks
from rtc.speech.recognizers.whisper import WhisperRecognizer
from rtc.speech.vad import Silero
from rtc.speech.worker import NOT_FOR_THIS_LINE, SpeechWorker
from server.engines import Nats
from tests.support.media import connect
from tests.support.playbooks import SMALL
from tests.support.speech import ONE_THREAD

YAML = (files("rtc.coaching") / "packs" / "gp-reception.yaml").read_text(encoding="utf-8")


def plan(version: int, yaml: str = YAML, name: str = "gp-reception") -> CallPlan:
    return CallPlan("call", "practice", name, True, published=PublishedPlaybook.of(version, yaml))


CUT = PublishedPlaybook.of(1, SMALL).packed[:-9]


async def test_without_a_version_it_is_ours() -> None:
    assert await Playbooks().of(CallPlan("call", "practice", "gp-reception", True)) is load("gp-reception")
    with pytest.raises(PlaybookError, match="no such playbook"):
        await Playbooks().of(CallPlan("call", "practice", "gp-recepton", True))


async def test_a_version_is_read_once_and_has_the_number_it_was_published_under() -> None:
    playbooks = Playbooks()
    third = await playbooks.of(plan(3))
    assert (third.name, third.version) == ("gp-reception", 3)
    assert await playbooks.of(plan(3)) is third
    fourth = await playbooks.of(plan(4, YAML.replace("Chest pain", "Heart")))
    assert (fourth.version, fourth.conditions.keys()) == (4, third.conditions.keys())
    assert await playbooks.of(plan(3)) is third


async def test_the_one_used_longest_ago_is_forgotten() -> None:
    playbooks = Playbooks()
    first = await playbooks.of(plan(1, SMALL, "small"))
    for version in range(2, KEPT + 1):
        await playbooks.of(plan(version, SMALL, "small"))
    assert await playbooks.of(plan(1, SMALL, "small")) is first
    second = await playbooks.of(plan(2, SMALL, "small"))
    await playbooks.of(plan(KEPT + 1, SMALL, "small"))
    assert await playbooks.of(plan(1, SMALL, "small")) is first
    assert await playbooks.of(plan(2, SMALL, "small")) is second
    for version in range(100, 100 + KEPT):
        await playbooks.of(plan(version, SMALL, "small"))
    assert await playbooks.of(plan(1, SMALL, "small")) is not first


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (plan(2, SMALL.replace("weight: 100", "weight: 99"), "small"), "small:14: criteria: the weights sum to 99"),
        (plan(2, SMALL, "large"), "large:1: name: is 'small', must be 'large'"),
        (plan(2, "name: [", "small"), "not YAML"),
        (CallPlan("c", "p", "small", True, published=PublishedPlaybook(1, b"no zlib")), "cannot be unpacked"),
        (CallPlan("c", "p", "small", True, published=PublishedPlaybook(1, CUT)), "cut short"),
    ],
)
async def test_what_cannot_be_read_says_why_and_is_not_read_again(
    bad: CallPlan, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    playbooks = Playbooks()
    with pytest.raises(PlaybookError, match=reason):
        await playbooks.of(bad)
    monkeypatch.delattr(reading, "_read")
    with pytest.raises(PlaybookError, match=reason):
        await playbooks.of(bad)


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(ValueError, match="too large"):
        _ = PublishedPlaybook.of(1, " " * (MAX_PLAYBOOK_BYTES + 1)).yaml
    assert PublishedPlaybook.of(1, " " * MAX_PLAYBOOK_BYTES).yaml == " " * MAX_PLAYBOOK_BYTES


def test_the_largest_plan_fits_into_one_message() -> None:
    published = PublishedPlaybook(1, bytes(MAX_PACKED_BYTES))
    words = ["w" * 40] * 200
    offer = LegOffer(CallPlan("c" * 36, "p" * 36, "n" * 64, True, words, published=published), "patient", "s" * 32_768)
    assert len(msgspec.msgpack.encode(offer)) < 256 * 1024
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(
            msgspec.msgpack.encode(PublishedPlaybook(1, bytes(MAX_PACKED_BYTES + 1))), type=PublishedPlaybook
        )


async def test_sound_does_not_wait_for_reading() -> None:
    """The thread shares the interpreter with the event loop, which must get its turn again and again meanwhile."""
    turns = 0
    reading_it = asyncio.create_task(Playbooks().of(plan(7)))
    while not reading_it.done():
        await asyncio.sleep(0)
        turns += 1
    assert (await reading_it).version == 7
    assert turns > 10


async def test_a_call_whose_playbook_cannot_be_used_is_told_why(
    recognizer: WhisperRecognizer, network: Silero, nats: Nats
) -> None:
    """media connects it all the same, and says on the agent's page what the recogniser answered."""
    speech, media = await connect(nats, "speech"), await connect(nats, "media")
    announced = asyncio.Event()

    async def seen(_state: WorkerState) -> None:
        announced.set()

    await media.listen(SPEECH_STATE, WorkerState, seen)
    worker = SpeechWorker(SpeechSettings(), speech, recognizer, network, ONE_THREAD, SoundMemory(2, RING_BYTES))
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(announced.wait(), 10)
    bad = plan(2, SMALL.replace("weight: 100", "weight: 99"), "small")
    elsewhere = plan(3, SMALL.replace("version: 1", "version: 1\napplies_to: {lines: [Dental desk]}"), "small")
    there = msgspec.structs.replace(elsewhere, line="Dental desk")
    replies = [await media.request(SPEECH_LEASE, Lease(one, "media", False)) for one in (bad, elsewhere, there)]
    worker.stop()
    await running
    for bus in (speech, media):
        await bus.close()
    why = "This recogniser cannot read the practice's playbook (line 14: the weights sum to 99, must be 100)."
    assert replies[0] == Refusal("playbook", why)
    assert replies[1] == Refusal("playbook", NOT_FOR_THIS_LINE)
    assert isinstance(replies[2], Grant)
    assert [item.label for item in replies[2].checklist] == ["Greets"]
