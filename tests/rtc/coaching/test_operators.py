"""Each operator of a condition on what people really say, and how conditions combine."""

import pytest

from tests.support.coaching import Ear


@pytest.mark.parametrize(
    ("operator", "text", "met"),
    [
        ("all_phrases: [name, date of birth]", "can I take your name and your date of birth", True),
        ("all_phrases: [name, date of birth]", "can I take your name please", False),
        (
            "n_of_phrases: {at_least: 2, phrases: [droop*, slur*, numb]}",
            "his face is drooping and his speech slurred",
            True,
        ),
        ("n_of_phrases: {at_least: 2, phrases: [droop*, slur*, numb]}", "drooping, drooping", False),
        ("n_of_phrases: {at_least: 2, phrases: [droop*, slur*, numb]}", "drooping but it isn't numb", False),
        ("phrases: [bleeding], no_phrases: [nose]", "he's bleeding", True),
        ("phrases: [bleeding], no_phrases: [nose]", "he's bleeding, it's only his nose", False),
        ("regex: ['\\bchest (infection|cold)s?\\b']", "another chest infection", True),
        ("regex: ['\\bchest (infection|cold)s?\\b']", "another chest pain", False),
        ("regex: ['\\b(bp|pressure) 1[5-9]\\d\\b']", "my pressure's, uh, my blood pressure 180", True),
        ("regex: ['\\bchest infection\\b']", "I don't have a chest infection", False),
        ("regex: ['\\bchest infection\\b'], negatable: false", "I don't have a chest infection", True),
        ("entity: {kind: date_of_birth}", "fourth of March nineteen sixty-two", True),
        ("entity: {kind: money}", "it's forty-five pounds", True),
        ("entity: {kind: money, at_least: 2}", "it's forty-five pounds", False),
        ("entity: {kind: money, at_least: 2}", "it's between £45 and £60", True),
    ],
)
def test_words(operator: str, text: str, met: bool) -> None:
    ear = Ear(f"c: {{leg: patient, {operator}}}")
    assert (ear.say("patient", text) == ["c"]) is met


class TestSemantic:
    EAR = """
        lonely:
          leg: patient
          semantic:
            examples: [I have nobody to talk to, I feel so lonely these days]
            counter_examples: [there was nobody at the desk to talk to]
            at_least: 0.6
    """

    def test_what_is_near_an_example_counts(self) -> None:
        ear = Ear(self.EAR)
        assert ear.say("patient", "I'm lonely, there's nobody I can talk to") == ["lonely"]
        assert ear.operators == ["semantic"]

    @pytest.mark.parametrize(
        "text", ["there was nobody at your desk to talk to", "can I have an appointment on Monday"]
    )
    def test_what_is_far_or_nearer_to_a_counter_example_does_not(self, text: str) -> None:
        assert Ear(self.EAR).say("patient", text) == []

    def test_only_words_that_are_complete_are_asked_for_their_meaning(self) -> None:
        ear = Ear(self.EAR)
        text = "I'm lonely, there's nobody I can talk to"
        assert ear.say("patient", text, 0.0, final=False, name="u") == []
        assert ear.say("patient", text, 0.0, final=False, settled=True, name="u") == ["lonely"]


class TestCombined:
    def test_any(self) -> None:
        ear = Ear(
            """
            pain: {leg: patient, phrases: [chest pain]}
            breath: {leg: patient, phrases: [out of breath]}
            either: {leg: any, any: [pain, breath]}
            """
        )
        assert ear.say("patient", "I'm out of breath") == ["breath", "either"]
        assert ear.operators == ["phrase", "phrase"]

    def test_so_many_of_any(self) -> None:
        ear = Ear(
            """
            name: {leg: agent, phrases: [your name]}
            birth: {leg: agent, phrases: [date of birth]}
            postcode: {leg: agent, phrases: [postcode]}
            checked: {leg: agent, any: [name, birth, postcode], at_least: 2}
            """
        )
        assert ear.say("agent", "your name please") == ["name"]
        assert ear.say("agent", "sorry, your name") == ["name"]
        assert ear.say("agent", "and the postcode") == ["postcode", "checked"]

    def test_all_of_them_in_the_call(self) -> None:
        ear = Ear(
            """
            age: {leg: patient, phrases: [baby]}
            fever: {leg: patient, phrases: [fever]}
            both: {leg: any, all: [age, fever]}
            """
        )
        assert ear.say("patient", "it's about my baby") == ["age"]
        assert ear.say("patient", "she has a fever") == ["fever", "both"]
        assert ear.operators == ["phrase", "all"]

    def test_all_of_them_close_together(self) -> None:
        conditions = """
            age: {leg: patient, phrases: [baby]}
            fever: {leg: patient, phrases: [fever]}
            both: {leg: any, all: [age, fever], within_s: 20}
        """
        ear = Ear(conditions)
        ear.say("patient", "it's about my baby", 0.0)
        assert ear.say("patient", "I had a fever", 40.0) == ["fever"]
        ear = Ear(conditions)
        ear.say("patient", "it's about my baby", 0.0)
        assert ear.say("patient", "she had a fever", 15.0) == ["fever", "both"]

    def test_not(self) -> None:
        conditions = """
            route: {leg: agent, phrases: ["999"]}
            pain: {leg: patient, phrases: [chest pain], not: [route]}
        """
        assert Ear(conditions).say("patient", "chest pain") == ["pain"]
        ear = Ear(conditions)
        ear.say("agent", "please call 999")
        assert ear.say("patient", "for chest pain?") == []

    def test_a_condition_may_be_built_of_built_ones(self) -> None:
        ear = Ear(
            """
            all_three: {leg: any, all: [pair, c]}
            pair: {leg: any, all: [a, b]}
            a: {leg: patient, phrases: [alpha]}
            b: {leg: patient, phrases: [bravo]}
            c: {leg: patient, phrases: [charlie]}
            """
        )
        ear.say("patient", "charlie")
        ear.say("patient", "alpha")
        assert ear.say("patient", "bravo") == ["b", "pair", "all_three"]


class TestPlaces:
    def test_repeat(self) -> None:
        ear = Ear("again: {leg: patient, phrases: [listen to me], repeat: {times: 3, within_s: 60}}")
        assert ear.say("patient", "listen to me, listen to me, listen to me", 0.0) == []
        assert ear.say("patient", "you should listen to me", 50.0) == []
        assert ear.say("patient", "please listen to me", 70.0) == []
        assert ear.say("patient", "listen to me", 80.0) == ["again"]

    def test_an_utterance_counts_once_for_a_repeat(self) -> None:
        ear = Ear("again: {leg: patient, phrases: [listen to me], repeat: {times: 2}}")
        ear.say("patient", "listen to me please", 0.0, final=False, name="u")
        assert ear.say("patient", "listen to me please now", 0.0, name="u") == []
        assert ear.say("patient", "listen to me") == ["again"]

    def test_before_something_else(self) -> None:
        conditions = """
            offered: {leg: agent, phrases: [Monday], before: {conditions: [accepted], within_s: 10}}
            accepted: {leg: patient, phrases: [that suits]}
        """
        ear = Ear(conditions)
        assert ear.say("agent", "I have Monday at ten", 0.0) == []
        assert ear.say("patient", "that suits me", 4.0) == ["accepted", "offered"]
        assert ear.operators == ["phrase", "before"]
        ear = Ear(conditions)
        ear.say("agent", "I have Monday at ten", 0.0)
        assert ear.say("patient", "that suits me", 30.0) == ["accepted"]

    def test_seconds_of_the_call(self) -> None:
        ear = Ear("c: {leg: agent, phrases: [recorded], from_s: 5, until_s: 20}")
        assert ear.say("agent", "it's recorded", 1.0) == []
        assert ear.say("agent", "it's recorded", 10.0) == ["c"]
        assert ear.say("agent", "it's recorded", 21.0) == []

    @pytest.mark.parametrize(
        ("where", "at", "met"),
        [
            ("last_s: 20", 85, True),
            ("last_s: 20", 70, False),
            ("share: [0.5, 1]", 60, True),
            ("share: [0, 0.2]", 60, False),
        ],
    )
    def test_what_only_the_end_of_the_call_can_place(self, where: str, at: float, met: bool) -> None:
        ear = Ear(f"bye: {{leg: agent, phrases: [goodbye], {where}}}")
        assert ear.say("agent", "goodbye", at) == []
        assert [one.condition for one in ear.listener.finish(100.0)] == (["bye"] if met else [])

    def test_a_card_number_read_in_groups(self) -> None:
        ear = Ear("card: {leg: patient, entity: {kind: card_number}}")
        assert ear.say("patient", "it's four one one one", 0.0) == []
        assert ear.say("patient", "one one one one", 3.0) == ["card"]
        assert ear.operators == ["entity"]
        assert Ear("card: {leg: patient, entity: {kind: card_number}}").say("patient", "one one one one") == []


class TestLabel:
    """Phrases propose, meaning disposes: with the trained classifier."""

    EAR = """
        pain:
          leg: patient
          phrases: ["{chest|heart} pain*", heart attack]
          semantic: {label: chest_pain}
    """

    def test_a_turn_that_means_it_without_any_of_its_words(self) -> None:
        ear = Ear(self.EAR)
        assert ear.say("patient", "It's like somebody's parked a car on my breastbone") == ["pain"]
        assert ear.operators == ["semantic"]

    def test_words_that_mean_it(self) -> None:
        ear = Ear(self.EAR)
        assert ear.say("patient", "I've got terrible chest pains and I'm sweating", final=False) == ["pain"]
        assert ear.operators == ["phrase"]

    @pytest.mark.parametrize(
        "text",
        [
            "my dad had a heart attack in 2009 and I'd like to book a health check",
            "can I change my appointment at the heart pain clinic to Tuesday please",
            "I nearly had a heart attack when I saw the bill",
        ],
    )
    def test_words_that_mean_something_else(self, text: str) -> None:
        assert Ear(self.EAR).say("patient", text) == []
        assert Ear(self.EAR.replace("semantic: {label: chest_pain}", "")).say("patient", text) == ["pain"]

    def test_meaning_is_asked_of_complete_words_and_of_partials_only_if_a_phrase_hit(self) -> None:
        ear = Ear(self.EAR)
        text = "It's like somebody's parked a car on my breastbone and it won't shift"
        assert ear.say("patient", text, 0.0, final=False, name="u") == []
        assert ear.say("patient", text, 0.0, final=False, settled=True, name="u") == ["pain"]

    def test_a_threshold_of_its_own(self) -> None:
        text = "It's like somebody's parked a car on my breastbone"
        assert Ear(self.EAR.replace("label: chest_pain", "label: chest_pain, at_least: 1.0")).say("patient", text) == []
