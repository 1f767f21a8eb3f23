"""How a criterion ends: all of it, part of it, not, or without judgement where too little was understood."""

from textwrap import dedent

import pytest

from rtc.coaching.coach import Coach
from rtc.coaching.hearing import Heard
from rtc.coaching.playbook import Playbook, parse
from rtc.coaching.totals import as_state, total_of
from rtc.messages import CriterionResult, Leg, Scorecard

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
      name: {leg: agent, phrases: [your name]}
      birth: {leg: agent, phrases: [date of birth]}
      postcode: {leg: agent, phrases: [postcode]}
      sorry: {leg: agent, phrases: [sorry]}
      route: {leg: agent, phrases: ["999"]}
      pain: {leg: patient, phrases: [chest pain]}
      bye: {leg: agent, phrases: [goodbye], last_s: 20}
      advice: {leg: agent, on: final, phrases: [take paracetamol]}
    triggers:
      pain: {lane: safety, conditions: [pain], title: Pain, say: Call 999}
    criteria:
      identity:
        label: Asked three details
        weight: 40
        met_by: [name, birth, postcode]
        at_least: 3
        options:
          - {label: Two details, at_least: 2, share: 0.5}
          - {label: One detail, at_least: 1, share: 0.25}
      empathy: {label: Empathy, weight: 10, met_by: [sorry], evidence_needed: 2}
      route: {label: Emergency route, weight: 30, met_by: [route], applies_if: [pain], automatic_fail: true}
      close: {label: Said goodbye, weight: 10, met_by: [bye], abstains_below: 0.7}
      in_role: {label: In role, weight: 10, broken_by: [advice]}
    flags:
      advice: {severity: major, about: conduct, raised_by: [advice]}
"""


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    return parse(dedent(PLAYBOOK))


def call(playbook: Playbook, *turns: tuple[Leg, str], confidence: float = 1.0, duration: float = 100.0) -> Scorecard:
    coach = Coach(playbook)
    for n, (leg, text) in enumerate(turns):
        coach.hear(Heard(f"u{n}", leg, text, True, 10.0 * n, 10.0 * n + 4.0, confidence))
    return coach.finish(duration, 1.0)


def row(card: Scorecard, name: str) -> CriterionResult:
    return next(one for one in card.criteria if one.criterion == name)


@pytest.mark.parametrize(
    ("asked", "state", "points", "option"),
    [
        ("your name, date of birth and postcode", "met", 40.0, None),
        ("your name and date of birth", "partly_met", 20.0, "Two details"),
        ("your name, and your name", "partly_met", 10.0, "One detail"),
        ("how can I help", "not_met", 0.0, None),
    ],
)
def test_options(playbook: Playbook, asked: str, state: str, points: float, option: str | None) -> None:
    card = call(playbook, ("agent", asked))
    one = row(card, "identity")
    assert (one.state, one.points, one.option) == (state, points, option)
    # identity, empathy 10 (not met), close 10 (not met) and in_role 10 (met) count
    assert card.total == int(100 * (points + 10) / 70 + 0.5)


def test_evidence_in_so_many_utterances(playbook: Playbook) -> None:
    assert row(call(playbook, ("agent", "sorry, so sorry")), "empathy").state == "not_met"
    assert row(call(playbook, ("agent", "sorry"), ("agent", "I'm sorry")), "empathy").state == "met"


def test_an_automatic_fail_is_only_a_candidate_and_leaves_the_total_aside(playbook: Playbook) -> None:
    card = call(playbook, ("patient", "I have chest pain"), ("agent", "your name, date of birth, postcode"))
    assert row(card, "route").automatic_fail == "candidate"
    assert card.automatic_fail == "candidate"
    assert card.total == int(100 * 50 / 100 + 0.5)
    calm = call(playbook, ("agent", "how can I help"))
    assert (row(calm, "route").state, calm.automatic_fail) == ("not_applicable", "none")


def test_no_judgement_where_too_little_was_understood(playbook: Playbook) -> None:
    card = call(playbook, ("patient", "I have chest pain"), ("agent", "mumble your name"), confidence=0.3)
    assert {one.criterion: one.state for one in card.criteria} == {
        "identity": "insufficient",
        "empathy": "insufficient",
        "route": "insufficient",
        "close": "insufficient",
        "in_role": "met",
    }
    one = row(card, "route")
    assert (one.points, one.reason, one.automatic_fail) == (None, "speech_not_understood", "none")
    assert card.total == 100, "only what was judged counts"


def test_what_was_heard_counts_however_unclear(playbook: Playbook) -> None:
    card = call(playbook, ("agent", "your name, date of birth and postcode"), confidence=0.3)
    assert row(card, "identity").state == "met"


def test_the_other_sides_mumbling_does_not_matter(playbook: Playbook) -> None:
    coach = Coach(playbook)
    coach.hear(Heard("a", "agent", "how can I help", True, 0.0, 2.0, 0.9))
    coach.hear(Heard("b", "patient", "mumble", True, 3.0, 33.0, 0.2))
    assert row(coach.finish(60.0, 1.0), "identity").state == "not_met"


def test_each_criterion_says_how_much_must_be_understood(playbook: Playbook) -> None:
    coach = Coach(playbook)
    coach.hear(Heard("a", "agent", "how can I help", True, 0.0, 6.0, 0.9))
    coach.hear(Heard("b", "agent", "mumble", True, 7.0, 11.0, 0.2))
    card = coach.finish(60.0, 1.0)
    assert (row(card, "identity").state, row(card, "close").state) == ("not_met", "insufficient")


def test_what_is_placed_at_the_end(playbook: Playbook) -> None:
    turns: list[tuple[Leg, str]] = [("agent", "goodbye"), ("agent", "one more thing")]
    assert row(call(playbook, *turns, duration=100.0), "close").state == "not_met"
    assert row(call(playbook, *turns, duration=20.0), "close").state == "met"


def test_a_persons_judgement_replaces_ours(playbook: Playbook) -> None:
    card = call(playbook, ("patient", "I have chest pain"), ("agent", "your name and postcode"))
    route, identity = row(card, "route"), row(card, "identity")
    assert as_state(route, "met").points == 30.0
    assert as_state(route, "met").automatic_fail == "none"
    assert as_state(identity, "not_applicable").points is None
    assert as_state(identity, identity.state) == identity
    revised = [as_state(one, "met") for one in card.criteria]
    assert total_of(revised) == 100
