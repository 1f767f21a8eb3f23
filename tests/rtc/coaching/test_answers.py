"""Yes and no across turns: a question alone never fires, nor does its no."""

import pytest

from rtc.coaching.answers import affirms
from rtc.coaching.normalising import read
from tests.support.coaching import Ear

PAIN = "pain: {leg: patient, phrases: [chest pain], past: false}"

YES = """yes
yeah
yep, a bit
aye
aye, since Tuesday
Yes, since this morning.
since this morning
I have, yes
I do
it is
a bit
a little, yeah
sort of
um, yes
well, yes actually
yes please
oh yes, terrible
on and off
definitely
I'm afraid so
it started last night
Yes, he has. He can't get up.
Yes, it's not going away.
I do, it's not shifting"""

NO = """no
No, nothing like that.
nope
nah
not really
not that I know of
no, I'm fine
none
never
no thank you
I don't think so
well, no
I do not
I'm fine
what do you mean?
yes and no
yeah no
it's about my prescription
the first of March
can you say that again
"""


@pytest.mark.parametrize("text", YES.splitlines())
def test_yes(text: str) -> None:
    assert affirms(read(text))


@pytest.mark.parametrize("text", NO.splitlines())
def test_no(text: str) -> None:
    assert not affirms(read(text))


def test_the_question_and_its_yes() -> None:
    ear = Ear(PAIN)
    assert ear.say("agent", "Have you got any chest pain?") == []
    assert ear.say("patient", "Yes, since this morning.") == ["pain"]
    assert ear.operators == ["answer"]


def test_a_question_that_the_recogniser_wrote_without_its_mark() -> None:
    ear = Ear(PAIN)
    ear.say("agent", "any chest pain")
    assert ear.say("patient", "yeah") == ["pain"]


@pytest.mark.parametrize(
    "answer", ["No.", "no, nothing like that", "not really", "Yes, but that was in 2019.", "I'm fine"]
)
def test_the_question_and_its_no(answer: str) -> None:
    ear = Ear(PAIN)
    ear.say("agent", "Have you got any chest pain?")
    assert ear.say("patient", answer) == []


def test_a_question_with_a_pause_in_it() -> None:
    ear = Ear(PAIN)
    ear.say("agent", "Have you got any chest pain")
    ear.say("agent", "at all, or are you all right?")
    assert ear.say("patient", "yes, a bit") == ["pain"]


def test_a_yes_to_something_else() -> None:
    ear = Ear(PAIN)
    ear.say("agent", "Have you got any chest pain?")
    ear.say("patient", "no")
    ear.say("agent", "Is Monday all right?")
    assert ear.say("patient", "yes") == []


def test_a_yes_that_comes_too_late() -> None:
    ear = Ear(PAIN)
    ear.say("agent", "Have you got any chest pain?", 0.0)
    assert ear.say("patient", "yes", 20.0) == []


def test_a_statement_is_no_question() -> None:
    ear = Ear(PAIN)
    ear.say("agent", "The doctor will ask about chest pain.")
    assert ear.say("patient", "yes") == []


def test_a_yes_counts_when_it_is_complete() -> None:
    ear = Ear(PAIN)
    ear.say("agent", "Any chest pain?")
    assert ear.say("patient", "yes", name="u", at=3.0, final=False) == []
    assert ear.say("patient", "yes", name="u", at=3.0, final=False, settled=True) == ["pain"]


def test_what_the_agent_says_is_never_met_by_an_answer() -> None:
    ear = Ear("named: {leg: agent, phrases: [the surgery]}")
    ear.say("patient", "Is that the surgery?")
    assert ear.say("agent", "yes") == []


class TestLabel:
    """The classifier knows what the agent asks about, however it is put."""

    EAR = "pain: {leg: patient, phrases: [chest pain], past: false, semantic: {label: chest_pain}}"

    @pytest.mark.parametrize(
        "question", ["Any chest pain?", "And have you had any tightness or pain in your chest at all?"]
    )
    @pytest.mark.parametrize("answer", ["Yes, since this morning.", "yeah, a bit", "I have, yes"])
    def test_yes(self, question: str, answer: str) -> None:
        ear = Ear(self.EAR)
        assert ear.say("agent", question) == []
        assert ear.say("patient", answer) == ["pain"]
        assert ear.operators == ["answer"]

    @pytest.mark.parametrize(
        "answer", ["No.", "No, nothing like that.", "Not really.", "Nah, it's my knee.", "I'm fine."]
    )
    def test_no(self, answer: str) -> None:
        ear = Ear(self.EAR)
        ear.say("agent", "Any chest pain?")
        assert ear.say("patient", answer) == []

    def test_a_question_about_something_else(self) -> None:
        ear = Ear(self.EAR)
        ear.say("agent", "Would Monday at ten suit you?")
        assert ear.say("patient", "Yes, lovely.") == []
