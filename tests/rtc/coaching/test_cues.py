"""Which triggers fire, how often, and when their cards are shown: urgent ones at once, advice at a pause."""

from textwrap import dedent

import pytest

from rtc.coaching.coach import Coach
from rtc.coaching.hearing import Heard
from rtc.coaching.playbook import Playbook, parse
from rtc.messages import Checklist, Cue, Leg

PLAYBOOK = """
    name: small
    title: Small
    version: 1
    language: en-GB
    country: GB
    emergency_number: "999"
    min_duration_s: 0
    min_coverage: 0
    conditions:
      pain: {leg: patient, phrases: [chest pain]}
      card: {leg: patient, phrases: [card number]}
      price: {leg: patient, phrases: [how much]}
      gripe: {leg: patient, phrases: [complain]}
      fee: {leg: patient, phrases: [a fee]}
      thanks: {leg: patient, phrases: [thank you]}
      route: {leg: agent, phrases: ["999"]}
      slow: {leg: agent, absent: {conditions: [route], after: [pain], by_s: 20}}
    triggers:
      price: {lane: coach, conditions: [price], title: Price, say: Quote it, priority: 100, ttl_s: 12}
      gripe: {lane: coach, conditions: [gripe], title: Complaint, say: Sorry, priority: 900, suppressed_by: [pain]}
      fee: {lane: coach, conditions: [fee], title: Fee, say: Quote it, cooldown_s: 5, max_per_call: 2}
      thanks: {lane: coach, conditions: [thanks], title: Thanks, say: Welcome, once: false, actions: [checklist_tick],
        ticks: [polite]}
      card: {lane: compliance, conditions: [card], title: Card, say: Stop, actions: [cue_card, pause_analysis]}
      pain: {lane: safety, conditions: [pain], title: Pain, say: Call 999, actions: [cue_card, supervisor_alert]}
      slow: {lane: safety, conditions: [slow], title: Route missing, say: Call 999, priority: 900}
    criteria:
      polite: {label: Polite, weight: 100, met_by: [route]}
    flags:
      none: {severity: minor, about: system, raised_by: [slow]}
"""


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    return parse(dedent(PLAYBOOK))


@pytest.fixture
def coach(playbook: Playbook) -> Coach:
    return Coach(playbook)


def say(coach: Coach, text: str, at: float, *, leg: Leg = "patient", final: bool = True, name: str = "") -> list[str]:
    heard = Heard(name or f"u{at}", leg, text, final, at, at + 1.0)
    return cues(coach.hear(heard))


def tick(coach: Coach, at: float, *talking: Leg) -> list[str]:
    return cues(coach.tick(at, frozenset(talking)))


def cues(messages: list[Cue | Checklist]) -> list[str]:
    return [one.id for one in messages if isinstance(one, Cue)]


class TestShowing:
    def test_advice_waits_until_the_caller_pauses(self, coach: Coach) -> None:
        assert say(coach, "how much is it for", 0.0, final=False, name="u") == []
        assert [one.trigger for one in coach.last_fired] == ["price"]
        assert tick(coach, 1.5, "patient") == []
        assert tick(coach, 2.0) == ["price-1"]
        assert tick(coach, 3.0) == []

    def test_advice_comes_with_the_end_of_the_turn(self, coach: Coach) -> None:
        say(coach, "how much is it for", 0.0, final=False, name="u")
        assert say(coach, "how much is it for the form", 0.0, name="u") == ["price-1"]

    def test_one_card_of_advice_at_a_time_the_more_important_first(self, coach: Coach) -> None:
        assert say(coach, "how much, I want to complain, is there a fee", 0.0) == ["gripe-1"]
        assert tick(coach, 15.0) == []
        assert tick(coach, 21.5) == ["fee-1"], "twenty seconds after the first; of the other two the nearer to the top"
        assert tick(coach, 30.0, "patient") == []
        assert tick(coach, 41.9) == ["price-1"]

    def test_advice_that_waited_too_long_is_dropped(self, coach: Coach) -> None:
        say(coach, "how much, I want to complain", 0.0)
        assert tick(coach, 60.0) == []

    def test_safety_and_compliance_do_not_wait(self, coach: Coach) -> None:
        assert say(coach, "how much is my card number chest pain and", 0.0, final=False) == ["pain-1", "card-1"]

    def test_what_the_page_must_know(self, coach: Coach) -> None:
        shown = {
            one.label: one
            for one in coach.hear(Heard("u", "patient", "how much card number chest pain", True, 0.0, 1.0))
            if isinstance(one, Cue)
        }
        assert (shown["pain"].ttl_s, shown["pain"].needs_ack) == (None, True)
        assert (shown["card"].ttl_s, shown["card"].needs_ack) == (None, False)
        assert (shown["price"].ttl_s, shown["price"].needs_ack) == (12.0, False)


class TestFiring:
    def test_higher_priority_first_inside_a_lane(self, coach: Coach) -> None:
        say(coach, "chest pain", 0.0)
        assert tick(coach, 21.0) == ["slow-1"]

    def test_suppressed(self, coach: Coach) -> None:
        assert say(coach, "chest pain and I want to complain", 0.0) == ["pain-1"]
        assert say(coach, "I want to complain", 30.0) == []
        assert coach.last_fired == []

    def test_at_most_so_often(self, coach: Coach) -> None:
        fired = [bool(say(coach, "a fee", at)) for at in (0.0, 3.0, 30.0, 60.0)]
        assert fired == [True, False, True, False]

    def test_once_false_fires_for_every_utterance(self, coach: Coach) -> None:
        for at in (0.0, 2.0, 4.0):
            say(coach, "thank you", at)
            assert [one.trigger for one in coach.last_fired] == ["thanks"]


class TestActions:
    def test_a_checklist_tick_without_a_card(self, coach: Coach) -> None:
        messages = coach.hear(Heard("u", "patient", "thank you", True, 0.0, 1.0))
        assert messages == [Checklist("polite", "met")]
        assert coach.finish(60.0, 1.0).total == 100

    def test_a_pause_of_analysis(self, coach: Coach) -> None:
        assert not coach.pauses_analysis
        say(coach, "my card number", 10.0)
        assert coach.pauses_analysis

    def test_a_supervisor_is_told_that_but_not_what(self, coach: Coach) -> None:
        say(coach, "how much", 0.0)
        assert coach.alerts == []
        say(coach, "chest pain", 2.0)
        assert coach.alerts == ["safety"]
        tick(coach, 3.0)
        assert coach.alerts == []
