"""Which words are respelled and, more important, which never are. Hypotheses marked "heard" are what tiny.en made of
synthetic speech, without and with the list in its prompt; the others are worse than anything it did."""

import json
import time
from itertools import product
from pathlib import Path

import pytest

from rtc.speech.vocabulary import MAX_PROMPT_CHARS, Vocabulary

WORDS = [
    "Dr Okonkwo",
    "Patel",
    "Dr Venkataraman",
    "Nurse Nowak",
    "Ashgrove Road",
    "Tolcarne Terrace",
    "Penhallow Street",
    "Quayside",
    "St Mary's Hospital",
    "amoxicillin",
    "ramipril",
    "co-codamol",
    "salbutamol",
    "Wills",
    "Greene",
    "Ellow",
    "Hayes",
    "Li",
]
VOCABULARY = Vocabulary(WORDS)


@pytest.mark.parametrize(
    ("plain", "biased", "respelled"),
    [
        # heard
        (
            "Hello, can I see Dr. Akonk with us afternoon please?",
            "Hello, can I see Dr Okonkwo this afternoon, please?",
            "Hello, can I see Dr. Okonkwo us afternoon please?",
        ),
        (
            "I was told that Dr. Venkaterim and would call me.",
            "I was told that Dr Venkataraman would call me.",
            "I was told that Dr. Venkataraman would call me.",
        ),
        ("I live at 12 Ashrove Road.", "I live at 12 Ashgrove Road", "I live at 12 Ashgrove Road."),
        (
            "My address is 41 tall-con terraces.",
            "My address is 41 Tolcarne Terrace",
            "My address is 41 Tolcarne Terrace.",
        ),
        (
            "We moved a Penello street in March.",
            "We moved a Penhallow Street in March",
            "We moved a Penhallow Street in March.",
        ),
        (
            "I need more amexicillin for my chest.",
            "I need more amoxicillin for my chest",
            "I need more amoxicillin for my chest.",
        ),
        (
            "Can I take coco to mal with sal but emo?",
            "Can I take co-codamol with salbutamol?",
            "Can I take co-codamol with salbutamol?",
        ),
        # made up
        ("Is that Dr. a conquer's room?", "Is that Dr Okonkwo's room?", "Is that Dr. Okonkwo's room?"),
        ("Is that Dr. Aconkwers room?", "Is that Dr Okonkwo's room?", "Is that Dr. Okonkwo's room?"),
        ("Doctor Aconquer, please.", "Dr Okonkwo, please.", "Doctor Okonkwo, please."),
        (
            "I was at Saint Marys hospital, yesterday.",
            "I was at St Mary's Hospital yesterday.",
            "I was at Saint Mary's Hospital, yesterday.",
        ),
        ("Ramprol and patell", "Ramipril and Patel", "ramipril and Patel"),
    ],
)
def test_what_both_witnesses_agree_on_is_respelled(plain: str, biased: str, respelled: str) -> None:
    assert VOCABULARY.near(plain)
    assert VOCABULARY.respell(plain, biased) == respelled


@pytest.mark.parametrize(
    ("plain", "biased"),
    [
        ("", "Dr Okonkwo, Patel, Ashgrove Road"),
        (".", "Quayside."),
        ("you", "Patel"),
        ("I left my coat on the table.", "Patel left my Quayside on the Ashgrove Road."),
        ("Is he well?", "Is he Wills?"),
        ("She has it.", "She Hayes it."),
        ("Could you see me?", "Could Li see me?"),
        ("That was my hotel.", "That was my Patel."),
        ("He does not have any more, a dose.", "He does Nowak have any more, a dose."),
        ("Take no wax.", "Take Nowak."),
        ("Nurse no wax.", "Nurse Nowak."),
        ("I saw Dr. Powell.", "I saw Dr Patel."),
        ("I live in Penny Street.", "I live in Ashgrove Road."),
    ],
)
def test_nothing_is_respelled_that_does_not_sound_like_it(plain: str, biased: str) -> None:
    assert VOCABULARY.respell(plain, biased) == plain


@pytest.mark.parametrize(
    "plain", ["The pastel pattern was green.", "Hello, will he come?", "My petal is on the quay side.", "amexicillin"]
)
def test_nothing_is_respelled_when_only_one_witness_says_so(plain: str) -> None:
    assert VOCABULARY.respell(plain, plain) == plain
    assert VOCABULARY.respell(plain, "") == plain
    assert VOCABULARY.respell(plain, "Dr Okonkwo on Tolcarne Terrace") == plain


def test_the_place_must_be_the_same() -> None:
    far = "The petal fell on the floor and then they all went to see the new doctor there"
    assert VOCABULARY.respell(far + ".", far.replace("doctor", "Patel").replace("petal", "flower")) == far + "."
    assert VOCABULARY.respell(far + ".", far.replace("petal", "Patel")) == far.replace("petal", "Patel") + "."


def test_an_entry_heard_right_is_left_alone() -> None:
    for plain in ("I see dr. Okonkwo at ashgrove road.", "Saint Mary's hospital, Patel's bed"):
        assert not VOCABULARY.near(plain)
        assert VOCABULARY.respell(plain, "I see Dr Okonkwo at Ashgrove Road. St Mary's Hospital, Patel's bed") == plain


def test_of_two_names_that_sound_alike_the_one_heard_stays() -> None:
    both = Vocabulary(["prednisone", "prednisolone"])
    assert not both.near("I take prednisone")
    assert both.respell("I take prednisone", "I take prednisolone") == "I take prednisone"


def test_a_full_stop_or_comma_ends_a_name() -> None:
    assert VOCABULARY.near("And then pat tell me.")
    for stop in ".,?":
        assert not VOCABULARY.near(f"And then pat{stop} tell me.")


def test_only_words_near_an_entry_ever_change() -> None:
    """Whatever the second witness says, each word that comes out was in the plain text or is an entry near it."""
    lines = (Path(__file__).parents[2] / "data" / "hypotheses.jsonl").read_text().splitlines()
    heard = [json.loads(line)["final_padded"] for line in lines]
    allowed = {word.lower() for entry in WORDS for word in entry.split()}
    changed = 0
    misheard = "Patell on Ashgroove Rode with rampril and amoxicilin for Dr. Okonko"
    for plain, turn in product([*heard, misheard], range(len(WORDS))):
        words = plain.split()
        biased = [WORDS[(n + turn) % len(WORDS)] if (n + turn) % 3 else word for n, word in enumerate(words)]
        out = VOCABULARY.respell(plain, " ".join(biased))
        if out == plain:
            continue
        changed += 1
        assert VOCABULARY.near(plain)
        assert {word.strip(".,?").lower() for word in out.split()} <= allowed | {w.strip(".,?").lower() for w in words}
    assert changed > 0


def test_ordinary_talk_seldom_asks_for_a_second_decode() -> None:
    """On the words of the recorded calls, so that the second decode costs nothing where there is nothing to gain."""
    lines = (Path(__file__).parents[2] / "data" / "hypotheses.jsonl").read_text().splitlines()
    spoken = [json.loads(line)["spoken"] for line in lines]
    names = Vocabulary([word for word in WORDS if word not in {"Hayes", "Wills", "Greene", "Ellow"}])
    near = [text for text in spoken if names.near(text)]
    assert len(near) <= len(spoken) / 20, near


def test_the_prompt_lists_entries_up_to_its_bound() -> None:
    assert Vocabulary([]).prompt == ""
    assert Vocabulary(["  ", "Patel", "patel", "Quayside "]).prompt == "Patel, Quayside"
    long = Vocabulary([f"Somewhere Street {number}" for number in range(200)])
    assert MAX_PROMPT_CHARS - 30 < len(long.prompt) <= MAX_PROMPT_CHARS
    assert not long.prompt.endswith(",")


def test_in_the_prompt_for_a_text_what_it_is_near_stands_last_and_always_finds_room() -> None:
    many = Vocabulary([*(f"Somewhere Street {number}" for number in range(200)), "ramipril", "Dr Okonkwo"])
    assert "ramipril" not in many.prompt
    prompt = many.prompt_for("Ramprol for Dr. Okonko")
    assert prompt.startswith("Somewhere Street 0, ")
    assert prompt.endswith(", ramipril, Dr Okonkwo")
    assert len(prompt) <= MAX_PROMPT_CHARS
    assert many.prompt_for("Nothing of the kind") == many.prompt
    assert Vocabulary(["ramipril"]).prompt_for("Ramprol") == "ramipril"


def test_no_list_changes_nothing() -> None:
    nothing = Vocabulary([])
    assert not nothing.near("Dr Okonko")
    assert nothing.respell("Dr Okonko", "Dr Okonkwo") == "Dr Okonko"


def test_near_is_quick() -> None:
    """Under a millisecond of CPU time for 100 entries and 30 words: it runs before every final. Best of many runs,
    because the machine that runs this test may be doing other things."""
    ends = ("", "ton", "dorn", " ell", "fry", "port")
    many = Vocabulary([word + end for word in WORDS for end in ends][:100])
    text = (
        "and then I said that I would come in on Tuesday with my mother who has a very bad rash on her arm and she is "
        "not able to walk"
    )
    assert len(text.split()) == 30
    times = []
    for _ in range(50):
        started = time.thread_time()
        many.near(text)
        times.append(time.thread_time() - started)
    assert min(times) < 0.001
