"""What was not said in time, while the call goes on; and silence, talk over each other, holds. A virtual clock."""

from tests.support.coaching import Ear

GREETING = """
    hello: {leg: agent, phrases: [good morning]}
    no_greeting: {leg: agent, absent: {conditions: [hello], by_s: 10}}
"""
ROUTE = """
    pain: {leg: patient, phrases: [chest pain]}
    route: {leg: agent, phrases: ["999"]}
    no_route: {leg: agent, absent: {conditions: [route], after: [pain], by_s: 30}}
"""
IDENTITY = """
    birth: {leg: agent, phrases: [date of birth]}
    booked: {leg: agent, phrases: [booked you in]}
    unchecked: {leg: agent, absent: {conditions: [birth], before: [booked]}}
"""


def test_no_greeting_within_ten_seconds() -> None:
    ear = Ear(GREETING)
    assert ear.tick(9.0) == []
    assert ear.tick(10.0) == ["no_greeting"]
    assert ear.operators == ["absent"]
    assert ear.tick(30.0) == []


def test_a_greeting_in_time() -> None:
    ear = Ear(GREETING)
    ear.say("agent", "good morning, Park Surgery", 1.0)
    assert ear.tick(10.0) == ear.tick(30.0) == []


def test_a_deadline_waits_for_words_that_are_still_being_recognised() -> None:
    ear = Ear(GREETING)
    assert ear.tick(10.0, heard_to={"agent": 8.5}) == []
    ear.say("agent", "good morning", 8.5)
    assert ear.tick(12.0) == []
    ear = Ear(GREETING)
    assert ear.tick(11.0, heard_to={"agent": 8.5}) == []
    assert ear.tick(12.0, heard_to={"patient": 8.5}) == ["no_greeting"], "the caller's words cannot greet"
    ear = Ear(GREETING)
    assert ear.tick(14.5, heard_to={"agent": 8.5}) == ["no_greeting"], "not for ever"


def test_no_emergency_route_after_a_red_flag() -> None:
    ear = Ear(ROUTE)
    ear.say("agent", "in an emergency call 999", 0.0)
    ear.say("patient", "I've got chest pain", 10.0)
    assert ear.tick(40.0) == []
    assert ear.tick(42.0) == ["no_route"], "what was said before the red flag does not help"
    assert ear.tick(80.0) == []
    ear.say("patient", "the chest pain is worse", 90.0)
    ear.say("agent", "please hang up and call 999", 95.0)
    assert ear.tick(130.0) == []


def test_identity_not_checked_before_the_booking_is_confirmed() -> None:
    ear = Ear(IDENTITY)
    assert ear.say("agent", "I've booked you in for Monday") == ["booked", "unchecked"]
    ear = Ear(IDENTITY)
    ear.say("agent", "can I take your date of birth")
    assert ear.say("agent", "I've booked you in for Monday") == ["booked"]


def test_an_absence_is_part_of_other_conditions() -> None:
    ear = Ear(
        """
        hello: {leg: agent, phrases: [good morning]}
        no_greeting: {leg: agent, absent: {conditions: [hello], by_s: 10}}
        angry: {leg: patient, phrases: [disgrace]}
        bad_start: {leg: agent, all: [no_greeting, angry]}
        """
    )
    ear.say("patient", "it's a disgrace", 2.0)
    assert ear.tick(10.0) == ["no_greeting", "bad_start"]


def test_silence_of_both_and_of_one() -> None:
    ear = Ear("both: {leg: any, silence: {at_least_s: 8}}\nagent: {leg: agent, silence: {at_least_s: 15}}")
    ear.say("agent", "one moment please", 0.0)
    ear.say("patient", "okay thank you", 3.0)
    assert ear.tick(10.0) == []
    assert ear.tick(12.5) == ["both"]
    assert ear.tick(13.5) == [], "once for each silence"
    assert ear.tick(14.6, speaking=frozenset({"patient"})) == []
    assert ear.tick(17.0) == ["both", "agent"]


def test_both_at_once() -> None:
    ear = Ear("over: {leg: agent, cross_talk: {at_least_s: 3, within_s: 30}}")
    ear.say("patient", "I have been waiting since eight o'clock this morning for this", 0.0)
    ear.say("agent", "I know", 3.0)
    assert ear.tick(5.0) == []
    ear.say("patient", "and nobody has rung me back not once all day", 6.0)
    ear.say("agent", "well we are very busy as you will know", 6.2)
    assert ear.tick(11.0) == ["over"]


def test_who_talks_most() -> None:
    ear = Ear("mostly_agent: {leg: agent, talk_ratio: {leg: agent, above: 0.8, over_s: 60}}")
    text = "and then you go to the page and " * 8
    ear.say("agent", text, 0.0)
    assert ear.tick(26.0) == ["mostly_agent"]
    ear.say("patient", text, 30.0)
    assert ear.tick(58.0) == []


def test_a_little_speech_says_nothing_of_who_talks_most() -> None:
    ear = Ear("mostly_agent: {leg: agent, talk_ratio: {leg: agent, above: 0.8}}")
    ear.say("agent", "good morning, how can I help", 0.0)
    assert ear.tick(10.0) == []


def test_a_long_hold() -> None:
    ear = Ear(
        """
        wait: {leg: agent, phrases: [hold the line]}
        long_hold: {leg: agent, hold: {at_least_s: 60, after: [wait]}}
        """
    )
    ear.say("agent", "please hold the line", 0.0)
    ear.say("patient", "hello? are you there?", 40.0)
    assert ear.tick(61.0) == []
    assert ear.tick(63.0) == ["long_hold"]
    ear.say("agent", "thank you for waiting", 65.0)
    assert ear.tick(200.0) == [], "silence is no hold"


def test_elapsed_and_after_something() -> None:
    ear = Ear("long: {leg: agent, elapsed_s: 600}")
    assert ear.tick(599.0) == []
    assert ear.tick(600.0) == ["long"]
    assert ear.tick(700.0) == []
