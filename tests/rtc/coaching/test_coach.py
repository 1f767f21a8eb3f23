"""One call, small playbooks: when conditions count, triggers fire, rows tick, and how the score comes about."""

import gc
from textwrap import dedent

import pytest

from rtc.coaching.coach import Coach
from rtc.coaching.hearing import Heard
from rtc.coaching.playbook import Playbook, parse
from rtc.messages import Checklist, CriterionState, Cue, Leg

PLAYBOOK = """
    name: small
    title: Small
    version: 3
    language: en-GB
    country: GB
    emergency_number: "999"
    min_duration_s: 20
    min_coverage: 0.5
    conditions:
      chest_pain: {leg: patient, phrases: [chest pain, "pain ... chest"]}
      price: {leg: patient, phrases: [how much]}
      card: {leg: any, phrases: [card]}
      card_digits: {leg: patient, digits: {at_least: 4}, after: {conditions: [card], within_s: 20}}
      other_digits: {leg: patient, digits: {at_least: 8}, not_after: {conditions: [card], within_s: 20}}
      early_hello: {leg: agent, phrases: [hello], until_s: 10}
      name_asked: {leg: agent, phrases: [your name]}
      birth_asked: {leg: agent, phrases: [date of birth]}
      route: {leg: agent, phrases: ["call 999"]}
      reassured: {leg: agent, on: final, min_confidence: 0.4, phrases: [it is nothing]}
    triggers:
      price: {lane: coach, conditions: [price], title: Price, say: Quote it, cooldown_s: 30}
      card: {lane: compliance, conditions: [card_digits, other_digits], title: Card, say: Stop, do_not_say: Go on}
      chest_pain: {lane: safety, conditions: [chest_pain], title: Chest pain, say: Call 999}
    criteria:
      greeting: {label: Greeted, weight: 10, met_by: [early_hello]}
      identity: {label: Identity, weight: 20, met_by: [name_asked, birth_asked], at_least: 2, waived_if: [chest_pain]}
      emergency: {label: Route given, weight: 40, met_by: [route], applies_if: [chest_pain]}
      in_role: {label: In role, weight: 30, broken_by: [reassured]}
    flags:
      clinical_reassurance: {severity: major, about: conduct, raised_by: [reassured]}
"""


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    return parse(dedent(PLAYBOOK))


@pytest.fixture
def coach(playbook: Playbook) -> Coach:
    return Coach(playbook)


def say(
    coach: Coach, leg: Leg, text: str, name: str = "u1", at: float = 30.0, final: bool = True, confidence: float = 1.0
) -> list[str]:
    heard = Heard(name, leg, text, final, at, at + 2.0, confidence)
    return [one.id for one in coach.hear(heard) if isinstance(one, Cue)]


def states(coach: Coach) -> dict[str, CriterionState]:
    return {row.criterion: row.state for row in coach.checklist_states}


class TestPartials:
    def test_a_match_at_the_end_waits_for_the_next_hypothesis_to_agree(self, coach: Coach) -> None:
        assert say(coach, "patient", "I have chest pain", final=False) == []
        assert say(coach, "patient", "I have chest pain", final=False) == ["chest_pain-1"]

    def test_a_match_that_the_next_hypothesis_takes_back_never_fires(self, coach: Coach) -> None:
        assert say(coach, "patient", "how much", final=False) == []
        assert say(coach, "patient", "how must", final=False) == []
        assert say(coach, "patient", "how much", final=False) == []

    def test_a_match_with_a_word_after_it_fires_at_once(self, coach: Coach) -> None:
        assert say(coach, "patient", "I have chest pain and", final=False) == ["chest_pain-1"]

    def test_a_final_fires_at_once(self, coach: Coach) -> None:
        assert say(coach, "patient", "chest pain") == ["chest_pain-1"]

    def test_a_match_at_the_end_fires_when_the_person_has_paused(self, coach: Coach) -> None:
        heard = Heard("u1", "patient", "I have chest pain", False, 30.0, 32.0, settled=True)
        assert [one.id for one in coach.hear(heard) if isinstance(one, Cue)] == ["chest_pain-1"]

    def test_agreement_is_within_one_utterance(self, coach: Coach) -> None:
        assert say(coach, "patient", "chest pain", "u1", final=False) == []
        assert say(coach, "patient", "chest pain", "u2", final=False) == []

    def test_a_partial_after_its_final_is_not_heard(self, coach: Coach) -> None:
        assert say(coach, "patient", "hello") == []
        assert say(coach, "patient", "chest pain again", final=False) == []

    def test_a_loop_does_not_pass_for_words_that_follow(self, coach: Coach) -> None:
        assert say(coach, "patient", "chest pain. " * 6, final=False) == []


class TestConditions:
    def test_the_other_side_saying_it_does_not_count(self, coach: Coach) -> None:
        assert say(coach, "agent", "have you got chest pain") == []

    def test_after(self, coach: Coach) -> None:
        assert say(coach, "patient", "1234", "u1", 0.0) == []
        say(coach, "agent", "by card", "u2", 5.0)
        assert say(coach, "patient", "5678", "u3", 20.0) == ["card-1"]

    def test_after_is_over(self, coach: Coach) -> None:
        say(coach, "agent", "by card", "u2", 5.0)
        assert say(coach, "patient", "5678", "u3", 40.0) == []

    def test_after_in_the_same_utterance(self, coach: Coach) -> None:
        assert say(coach, "patient", "1234 is my card") == ["card-1"]

    def test_not_after(self, coach: Coach) -> None:
        assert say(coach, "patient", "1234 5678", "u1", 0.0) == ["card-1"]
        assert coach.last_fired[0].condition == "other_digits"

    def test_until(self, coach: Coach) -> None:
        say(coach, "agent", "hello", at=11.0)
        assert states(coach)["greeting"] == "open"

    @pytest.mark.parametrize(("confidence", "final", "flags"), [(0.9, True, 1), (0.3, True, 0), (0.9, False, 0)])
    def test_what_counts_against_the_agent_must_be_final_and_well_heard(
        self, coach: Coach, confidence: float, final: bool, flags: int
    ) -> None:
        say(coach, "agent", "it is nothing at all", final=final, confidence=confidence)
        assert len(coach.finish(60.0, 1.0).flags) == flags


class TestCues:
    def test_once_per_call_without_a_cooldown(self, coach: Coach) -> None:
        assert say(coach, "patient", "chest pain", "u1", 0.0) == ["chest_pain-1"]
        assert say(coach, "patient", "chest pain", "u2", 600.0) == []

    def test_again_after_its_cooldown(self, coach: Coach) -> None:
        assert say(coach, "patient", "how much", "u1", 0.0) == ["price-1"]
        assert say(coach, "patient", "how much", "u2", 29.0) == []
        assert say(coach, "patient", "how much", "u3", 60.0) == ["price-2"]

    def test_once_per_utterance(self, coach: Coach) -> None:
        assert say(coach, "patient", "chest pain and", "u1", 0.0, final=False) == ["chest_pain-1"]
        assert say(coach, "patient", "chest pain and more chest pain", "u1", 0.0) == []

    def test_safety_comes_first_and_the_card_is_complete(self, coach: Coach) -> None:
        out = coach.hear(Heard("u1", "patient", "how much and I have chest pain here", True, 10.0, 14.0))
        first, second = (one for one in out if isinstance(one, Cue))
        assert first == Cue(
            "chest_pain-1", "safety", "chest_pain", "Chest pain", "Call 999", None, "patient", 13.5, needs_ack=True
        )
        assert second.id == "price-1"
        assert second.at == 11.0

    def test_it_says_why_without_words(self, coach: Coach) -> None:
        say(coach, "patient", "I feel pain in my chest")
        (fired,) = coach.last_fired
        assert (fired.trigger, fired.condition, fired.operator) == ("chest_pain", "chest_pain", "phrase")


class TestChecklist:
    def test_rows_carry_their_weights(self, coach: Coach) -> None:
        assert [(item.criterion, item.weight) for item in coach.checklist_items] == [
            ("greeting", 10),
            ("identity", 20),
            ("emergency", 40),
            ("in_role", 30),
        ]

    def test_the_first_words_tell_what_does_not_apply(self, coach: Coach) -> None:
        out = coach.hear(Heard("u1", "patient", "er", False, 0.0, 0.5))
        assert out == [Checklist("emergency", "not_applicable")]
        assert coach.hear(Heard("u1", "patient", "er", False, 0.0, 0.5)) == []

    def test_rows_open_tick_and_are_waived(self, coach: Coach) -> None:
        say(coach, "agent", "hello what is your name", "u1", 1.0)
        assert states(coach) == {
            "greeting": "met",
            "identity": "open",
            "emergency": "not_applicable",
            "in_role": "open",
        }
        out = coach.hear(Heard("u2", "patient", "chest pain", True, 4.0, 5.0))
        assert out[1:] == [Checklist("identity", "not_applicable"), Checklist("emergency", "open")]
        out = coach.hear(Heard("u3", "agent", "please call nine nine nine now", False, 6.0, 7.0))
        assert out == [Checklist("emergency", "met", ["u3"])]

    def test_enough_different_conditions_are_needed(self, coach: Coach) -> None:
        say(coach, "agent", "your name, your name please", "u1")
        say(coach, "agent", "and your name again", "u2")
        assert states(coach)["identity"] == "open"
        out = coach.hear(Heard("u3", "agent", "your date of birth", True, 9.0, 10.0))
        assert states(coach)["identity"] == "met"
        assert out == [Checklist("identity", "met", ["u1", "u2", "u3"])], "all that was needed, for the page to quote"

    def test_a_row_that_is_lost_stays_lost(self, coach: Coach) -> None:
        out = coach.hear(Heard("u1", "agent", "it is nothing", True, 0.0, 1.0))
        assert states(coach)["in_role"] == "not_met"
        assert Checklist("in_role", "not_met", ["u1"]) in out


class TestScore:
    def test_weights_of_rows_that_do_not_apply_are_spread_over_the_others(self, coach: Coach) -> None:
        say(coach, "agent", "hello", "u1", 1.0)
        card = coach.finish(60.0, 0.9)
        # greeting 10 and in_role 30 met, identity 20 not, emergency 40 does not apply: 40 of 60
        assert card.total == 67
        assert card.reason is None

    def test_all_met_is_one_hundred(self, coach: Coach) -> None:
        say(coach, "agent", "hello", "u1", 1.0)
        say(coach, "patient", "chest pain", "u2", 3.0)
        say(coach, "agent", "call 999", "u3", 6.0)
        assert coach.finish(60.0, 0.9).total == 100

    def test_evidence_has_counts_and_buckets_only(self, coach: Coach) -> None:
        say(coach, "agent", "your name", "u1", 28.5)
        say(coach, "agent", "your date of birth", "u2", 41.0)
        row = {row.criterion: row for row in coach.finish(60.0, 0.9).criteria}["identity"]
        assert (row.state, row.hits, row.leg, row.first_bucket) == ("met", 2, "agent", 3)

    def test_nothing_is_kept_of_a_row_that_did_not_apply(self, coach: Coach) -> None:
        say(coach, "agent", "or call 999")
        row = {row.criterion: row for row in coach.finish(60.0, 0.9).criteria}["emergency"]
        assert (row.state, row.hits, row.leg, row.first_bucket) == ("not_applicable", 0, None, None)

    @pytest.mark.parametrize(("duration_s", "coverage", "why"), [(19.9, 1.0, "20 seconds"), (60.0, 0.49, "only 49%")])
    def test_a_call_too_short_or_not_understood_gets_no_total(
        self, coach: Coach, duration_s: float, coverage: float, why: str
    ) -> None:
        say(coach, "agent", "hello", at=1.0)
        card = coach.finish(duration_s, coverage)
        assert card.total is None
        assert card.reason is not None
        assert why in card.reason
        # nobody is marked down for what may have been said
        assert {row.criterion: row.state for row in card.criteria} == {
            "greeting": "met",
            "identity": "open",
            "emergency": "not_applicable",
            "in_role": "open",
        }

    def test_a_second_finish_gives_the_same(self, coach: Coach) -> None:
        assert coach.finish(60.0, 0.9) == coach.finish(1.0, 0.0)


def test_no_words_survive_the_finish(coach: Coach) -> None:
    canary = "zyzzyva" + "canary"
    say(coach, "patient", f"chest pain {canary} and {canary} 4242", "u1")
    say(coach, "patient", f"half a {canary}", "u2", final=False)
    coach.finish(60.0, 1.0)
    assert say(coach, "patient", f"chest pain {canary}", "u3") == []
    reachable: list[object] = [coach]
    seen: set[int] = set()
    while reachable:
        one = reachable.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        assert not (isinstance(one, str) and (canary in one or "4242" in one))
        reachable.extend(gc.get_referents(one))
    assert len(seen) > 100


def test_two_calls_share_a_playbook_and_nothing_else(playbook: Playbook) -> None:
    first, second = Coach(playbook), Coach(playbook)
    assert say(first, "patient", "chest pain") == ["chest_pain-1"]
    assert say(second, "patient", "chest pain") == ["chest_pain-1"]
