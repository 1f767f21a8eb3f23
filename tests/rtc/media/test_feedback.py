"""What becomes of cards: counted once, for cards that were sent, and on its way with the end of the call."""

import asyncio

import msgspec
import pytest

from rtc.media.feedback import CueLedger
from rtc.media.peer import PAGE_MESSAGES_PER_SECOND
from rtc.messages import (
    MAX_CUE_ID_CHARS,
    MAX_PAGE_MESSAGE_CHARS,
    Cue,
    CueChoice,
    CueCounts,
    CueFeedback,
    Scorecard,
    channel_encoder,
    page_decoder,
)
from server.engines import Nats
from tests.support.media import CUE, Conversation, Office, ScriptedSpeech, running_media


def ledger(*sent: str) -> CueLedger:
    """Cards by id: "price-2" is the second of the trigger "price"."""
    cards = CueLedger()
    for one in sent:
        cards.sent(msgspec.structs.replace(CUE, id=one, label=one.split("-")[0]))
    return cards


def take(cards: CueLedger, cue: str, *choices: CueChoice) -> None:
    for choice in choices:
        cards.take(CueFeedback(cue, choice))


def test_cards_are_counted_by_their_trigger() -> None:
    cards = ledger("price-1", "price-2", "chest_pain-1", "complaint-1")
    take(cards, "price-1", "shown", "later", "done")
    take(cards, "price-2", "shown", "not_relevant")
    take(cards, "chest_pain-1", "shown", "acknowledged")
    assert cards.counts() == [
        CueCounts("price", shown=2, done=1, not_relevant=1, later=1),
        CueCounts("chest_pain", shown=1, acknowledged=1),
    ], "a card that nobody saw says nothing about its trigger"


def test_what_is_repeated_counts_once_and_a_card_ends_once() -> None:
    cards = ledger("price-1")
    for _ in range(100):
        take(cards, "price-1", "shown", "later", "later", "done", "done", "not_relevant")
    assert cards.counts() == [CueCounts("price", shown=1, done=1, later=1)]


def test_what_was_answered_was_shown() -> None:
    cards = ledger("price-1")
    take(cards, "price-1", "done")
    assert cards.counts() == [CueCounts("price", shown=1, done=1)]


def test_a_card_that_was_never_sent_counts_for_nothing() -> None:
    cards = ledger("price-1")
    for number in range(1000):
        take(cards, f"made_up-{number}", "shown", "done")
    assert cards.counts() == []


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"cue_feedback","cue":"price-1"}',
        '{"type":"cue_feedback","cue":"price-1","choice":"liked"}',
        '{"type":"cue_feedback","cue":"price-1","choice":"done","why":"he said"}',
        '{"type":"cue_feedback","cue":7,"choice":"done"}',
        '{"type":"cue_feedback","cue":"' + "x" * (MAX_CUE_ID_CHARS + 1) + '","choice":"done"}',
    ],
)
def test_nothing_else_fits_into_the_message(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        page_decoder.decode(text)


def test_the_longest_answer_fits() -> None:
    longest = CueFeedback("x" * MAX_CUE_ID_CHARS, "acknowledged")
    text = channel_encoder.encode(longest).decode()
    assert len(text) <= MAX_PAGE_MESSAGE_CHARS
    assert page_decoder.decode(text) == longest


async def test_the_counts_leave_with_the_end_of_the_call(nats: Nats, office: Office, speech: ScriptedSpeech) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        await speech.say(call.plan.call_id, CUE)
        await call.agent.until(lambda m: isinstance(m, Cue))
        for choice in ("shown", "acknowledged"):
            call.agent.ping('{"type":"cue_feedback","cue":"chest_pain-1","choice":"' + choice + '"}')
        call.agent.ping('{"type":"cue_feedback","cue":"made_up-1","choice":"done"}')
        await speech.more(8_000)
        await call.hang_up()
        await call.agent.until(lambda m: isinstance(m, Scorecard))
        await call.leave()
    assert (await office.outcome()).cues == [CueCounts("chest_pain", shown=1, acknowledged=1)]


async def test_a_page_that_talks_too_much_is_not_listened_to(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        count = PAGE_MESSAGES_PER_SECOND * 10
        for number in range(count):
            card = msgspec.structs.replace(CUE, id=f"chest_pain-{number}")
            await speech.say(call.plan.call_id, card)
        await call.agent.until(lambda m: isinstance(m, Cue) and m.id == f"chest_pain-{count - 1}")
        for number in range(count):
            call.agent.ping(f'{{"type":"cue_feedback","cue":"chest_pain-{number}","choice":"shown"}}')
        await speech.more(24_000)
        await call.hang_up()
        await call.agent.until(lambda m: isinstance(m, Scorecard))
        await call.leave()
    [counts] = (await office.outcome()).cues
    assert 0 < counts.shown <= 2 * PAGE_MESSAGES_PER_SECOND < count
