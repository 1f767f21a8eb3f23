"""Playbooks that are wrong are refused with line and reason."""

import time
from importlib.resources import files
from textwrap import dedent
from typing import Any

import msgspec
import pytest
from msgspec import structs

from rtc.coaching.__main__ import main
from rtc.coaching.definitions import Condition, ConductFlag, Criterion, PlaybookFile, Trigger
from rtc.coaching.marked_yaml import parse_yaml
from rtc.coaching.playbook import PlaybookError, load, parse

PACKS = sorted(one.name.removesuffix(".yaml") for one in (files("rtc.coaching") / "packs").iterdir())

GOOD = dedent(
    """\
    name: small
    title: Small
    version: 1
    language: en-GB
    country: GB
    emergency_number: "999"
    min_duration_s: 20
    min_coverage: 0.5
    words:
      body: [chest, arm]
    conditions:
      pain: {leg: patient, phrases: ["{<body>} pain"]}
      hello:
        leg: agent
        phrases:
          - hello
          - good morning
      later: {leg: patient, digits: {at_least: 4}, after: {conditions: [pain], within_s: 5}}
      bad: {leg: agent, on: final, phrases: [no way]}
    triggers:
      pain:
        lane: safety
        conditions: [pain, later]
        title: Pain named
        say: Call 999
    criteria:
      greeting: {label: Greeted, weight: 60, met_by: [hello]}
      in_role: {label: In role, weight: 40, broken_by: [bad]}
    flags:
      bad: {severity: major, about: conduct, raised_by: [bad]}
    """
)


def test_a_good_one() -> None:
    playbook = parse(GOOD)
    assert (playbook.name, playbook.version, playbook.min_duration_s) == ("small", 1, 20.0)
    assert list(playbook.criteria) == ["greeting", "in_role"]


WRONG = [
    # what is replaced, by what, the line, words of the reason
    ("lane: safety", "lane: urgent", 22, "urgent"),
    ("lane: safety", "lane: safety\n    colour: red", 23, "unknown key 'colour'"),
    ("title: Small", "title: Small\nmood: good", 3, "unknown key 'mood'"),
    ("title: Small\n", "", 1, "title"),
    ("version: 1", "version: one", 3, "int"),
    ("version: 1", "version: 0", 3, ">= 1"),
    ("[pain, later]", "[pain, latter]", 23, "no condition 'latter'"),
    ("[pain, later]", "[pain, pain, later]", 23, "'pain' is given twice"),
    ("[pain, later]", "[]", 23, "length >= 1"),
    ("title: Pain named", "title: one two three four five six seven eight", 24, "at most 7 words"),
    ("say: Call 999", "say: " + "word " * 40, 25, "length <= 120"),
    ("weight: 40", "weight: 41", 26, "sum to 101"),
    ("weight: 40", "weight: 0", 28, ">= 1"),
    ("met_by: [hello]", "met_by: [hello], at_least: 2", 27, "only 1 conditions"),
    ("broken_by: [bad]", "broken_by: [hello]", 28, "needs 'leg: agent, on: final'"),
    ("raised_by: [bad]", "raised_by: [pain]", 30, "needs 'leg: agent, on: final'"),
    ("      - good morning", "      - good morning\n      - '{a|b'", 18, "brace"),
    ("{<body>} pain", "{<bodies>} pain", 12, "no word list 'bodies'"),
    ("[chest, arm]", "[chest, '*']", 10, "not a word"),
    ("phrases: [no way]", "until_s: 5", 19, "needs something to be met by"),
    ("phrases: [no way]", "phrases: [no way], fuzzy: x", 19, "unknown key 'fuzzy'"),
    ("conditions: [pain], within_s: 5", "conditions: [later], within_s: 5", 18, "asks about itself: later -> later"),
    ("conditions: [pain], within_s: 5", "conditions: [pian], within_s: 5", 18, "no condition 'pian'"),
    ("at_least: 4", "at_least: many", 18, "int"),
    ("[pain, later]", "[pain]", 18, "nothing uses"),
    ("  hello:\n", "  pain:\n", 13, "'pain' is given twice"),
    ("  hello:\n", "  Hello There:\n", 13, "a name is"),
    ("- hello", "- [hello]", 16, "Expected `str`"),
    ("- hello", "- &x hello", 16, "anchors"),
    ("- hello", "- !!python/object:os.system hello", 16, "tags"),
    ("- hello", "- 'hello", 16, "not YAML"),
    ("flags:\n", "flag:\n", 29, "unknown key 'flag'"),
    ("version: 1", "version: 1\nstatus: live", 4, "status Invalid enum value 'live'"),
    ("version: 1", "version: 1\napplies_to: {direction: up}", 4, "applies_to.direction"),
    ("phrases: [no way]", "regex: ['(a+)+b']", 19, "could run for ever"),
    ("phrases: [no way]", "regex: ['(']", 19, "not a regular expression"),
    ("phrases: [no way]", "entity: {kind: passport}", 19, "Invalid enum value 'passport'"),
    ("phrases: [no way]", "semantic: {examples: []}", 19, "needs either 'label' or 'examples'"),
    ("phrases: [no way]", "semantic: {label: diagnosis, counter_examples: [x]}", 19, "nothing without 'examples'"),
    ("phrases: [no way]", "semantic: {label: toothache}", 19, "there is no label 'toothache'; known: anaphylaxis, "),
    ("phrases: [no way]", "semantic: {label: chest_pain}", 19, "needs 'leg: patient'"),
    ("phrases: [no way]", "semantic: {label: diagnosis, at_least: 0.1}", 19, "is above 'at_least'"),
    ("phrases: [no way]", "any: [pain, nobody]", 19, "no condition 'nobody'"),
    ("phrases: [no way]", "any: [pain], phrases: [no way]", 19, "are three conditions"),
    ("phrases: [no way]", "any: [pain], at_least: 2", 19, "only 1 conditions"),
    ("phrases: [no way]", "any: [pain], unless: [no way]", 19, "is for words"),
    ("phrases: [no way]", "phrases: [no way], share: [0.8, 0.2]", 19, "ends before it begins"),
    ("phrases: [no way]", "phrases: [no way], from_s: 9, until_s: 3", 19, "is not behind 'from_s'"),
    ("phrases: [no way]", "n_of_phrases: {at_least: 3, phrases: [no way, never]}", 19, "only 2 different"),
    ("phrases: [no way]", "absent: {conditions: [pain]}", 19, "needs either 'by_s' or 'before'"),
    ("phrases: [no way]", "absent: {conditions: [pain], by_s: 3, before: [pain]}", 19, "needs either"),
    ("phrases: [no way]", "talk_ratio: {leg: agent}", 19, "needs 'above' or 'below'"),
    ("phrases: [no way]", "silence: {at_least_s: 0}", 19, "> 0"),
    ("phrases: [no way]", "elapsed_s: 60, silence: {at_least_s: 5}", 19, "one thing of time"),
    ("say: Call 999", "say: Call 999\n    ttl_s: 20", 26, "never goes by itself"),
    ("say: Call 999", "say: Call 999\n    needs_ack: false", 26, "until it is acknowledged"),
    ("say: Call 999", "say: Call 999\n    actions: [call_police]", 26, "Invalid enum value 'call_police'"),
    ("say: Call 999", "say: Call 999\n    actions: [checklist_tick]", 21, "go together"),
    (
        "say: Call 999",
        "say: Call 999\n    actions: [checklist_tick]\n    ticks: [goodbye]",
        27,
        "no criterion 'goodbye'",
    ),
    ("say: Call 999", "say: Call 999\n    suppressed_by: [nobody]", 26, "no condition 'nobody'"),
    ("say: Call 999", "say: Call 999\n    once: true\n    cooldown_s: 9", 26, "nothing to cool down"),
    ("say: Call 999", "say: Call 999\n    max_per_call: 3", 26, "fires once"),
    ("conditions: [pain], within_s: 5}", "conditions: [pain], within_s: 5}, last_s: 9", 23, "a card comes too late"),
    ("met_by: [hello]", "met_by: [hello], options: [{label: x, at_least: 1, share: 1}]", 27, "part of it less"),
    ("- hello", "- " + "[" * 40 + "]" * 40, 16, "deeply"),
]


@pytest.mark.parametrize(("old", "new", "line", "reason"), WRONG)
def test_a_wrong_one_is_refused_with_its_line(old: str, new: str, line: int, reason: str) -> None:
    assert old in GOOD
    with pytest.raises(PlaybookError) as refused:
        parse(GOOD.replace(old, new, 1), "mine.yaml")
    assert any(one.line == line and reason in f"{one.place} {one.reason}" for one in refused.value.refusals)
    assert f"mine.yaml:{line}: " in str(refused.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("- a\n- b\n", "mapping"),
        ("just words", "mapping"),
        ("name: small\n" + "# " + "x" * 500_000, "larger than"),
        ("a: \x00", "not text"),
        (GOOD[: GOOD.index("triggers:")], "'triggers' must be"),
        (GOOD.replace("triggers:", "triggers: 5\nx:"), "unknown key 'x'"),
    ],
)
def test_what_is_no_playbook_at_all(text: str, reason: str) -> None:
    with pytest.raises(PlaybookError, match=reason):
        parse(text)


def test_everything_that_is_wrong_is_told_with_its_line() -> None:
    wrong = GOOD
    for old, new in (
        ("country: GB", "country: Britain"),
        ("[pain, later]", "[pian, later]"),
        ("- good morning", "- '{good|morning'"),
        ("severity: major", "severity: terrible, colour: red"),
        ("at_least: 4", "at_least: 99, most: 5"),
        ("weight: 60", "wait: 60"),
        ("phrases: [no way]", "regex: ['(x+)+y'], phrases: ['{<nothing>}']"),
    ):
        assert old in wrong
        wrong = wrong.replace(old, new, 1)
    with pytest.raises(PlaybookError) as refused:
        parse(wrong, "mine.yaml")
    found = [(one.line, one.place) for one in refused.value.refusals]
    assert found == sorted(found)
    assert found == [
        (5, "country"),
        (17, "conditions.hello.phrases[1]"),
        (18, "conditions.later.digits.at_least"),
        (18, "conditions.later.digits.most"),
        (19, "conditions.bad.regex[0]"),
        (23, "triggers.pain.conditions[0]"),
        (27, "criteria.greeting"),
        (27, "criteria.greeting.wait"),
        (30, "flags.bad.colour"),
        (30, "flags.bad.severity"),
    ]
    assert str(refused.value).count("mine.yaml:") == len(found)


def test_meaning_is_understood_in_english_only() -> None:
    german = GOOD.replace("language: en-GB", "language: de-DE").replace(
        "phrases: [no way]", "semantic: {label: diagnosis}"
    )
    with pytest.raises(PlaybookError, match="in English only, this is 'de-DE'"):
        parse(german)


def test_conditions_in_a_circle() -> None:
    circle = "a: {leg: any, any: [b, pain]}\n  b: {leg: any, all: [a, pain]}\n  pain: {leg: patient"
    with pytest.raises(PlaybookError, match="asks about itself: a -> b -> a"):
        parse(GOOD.replace("pain: {leg: patient", circle, 1))


def test_what_is_absent_never_counts_against_an_agent_by_a_partial() -> None:
    """A condition that is composed or measures time has no words to be taken back."""
    playbook = parse(GOOD.replace("phrases: [no way]", "absent: {conditions: [hello], by_s: 10}", 1))
    assert playbook.flags["bad"].raised_by == ["bad"]


def test_a_playbook_of_200_triggers_is_read_within_a_second() -> None:
    began = time.process_time()
    conditions = "".join(
        f"  c{n}: {{leg: patient, phrases: ['word{n} ... {{pain*|ache*}} {{in|on}} <body>', 'other{n}? thing']}}\n"
        for n in range(200)
    )
    triggers = "".join(f"  t{n}: {{lane: coach, conditions: [c{n}], title: T, say: S}}\n" for n in range(200))
    many = GOOD.replace("conditions:\n  pain", f"conditions:\n{conditions}  pain", 1)
    many = many.replace("triggers:\n", f"triggers:\n{triggers}", 1)
    assert len(parse(many).triggers) == 201
    assert time.process_time() - began < 1.0


def test_a_playbook_is_for_some_lines_and_one_direction() -> None:
    everywhere = parse(GOOD)
    assert everywhere.applies("front desk", "inbound")
    assert everywhere.status == "draft"
    some = parse(GOOD.replace("version: 1", "version: 1\napplies_to: {lines: [dental], direction: inbound}"))
    assert some.applies("dental", "inbound")
    assert not some.applies("dental", "outbound")
    assert not some.applies("front desk", "inbound")


def test_words_of_yaml_are_words() -> None:
    """`no`, `on` and 999 would be a boolean, a boolean and a number in YAML 1.1."""
    parse(GOOD.replace("- hello", "- no\n      - 999\n      - on"))


@pytest.mark.parametrize("name", ["none", "../gp-reception", "", "gp-reception.yaml"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(PlaybookError, match=r"known: .*gp-reception"):
        load(name)


def test_it_is_known_whose_words_can_fire_a_cue() -> None:
    assert load("gp-reception").cued_legs == {"patient"}


class TestSchema:
    """What an editor checks with."""

    def printed(self, capsysbinary: pytest.CaptureFixture[bytes]) -> dict[str, Any]:
        assert main(["schema"]) == 0
        schema: dict[str, Any] = msgspec.json.decode(capsysbinary.readouterr().out)
        return schema

    def test_it_names_every_key_and_no_other(self, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        schema = self.printed(capsysbinary)
        assert schema["$ref"] == "#/$defs/PlaybookFile"
        for kind in (PlaybookFile, Condition, Trigger, Criterion, ConductFlag):
            told = schema["$defs"][kind.__name__]
            assert set(told["properties"]) == {one.encode_name for one in structs.fields(kind)}
            assert told["additionalProperties"] is False

    @pytest.mark.parametrize("name", PACKS)
    def test_our_playbooks_use_nothing_it_does_not_name(
        self, name: str, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        named = self.printed(capsysbinary)["$defs"]
        text = (files("rtc.coaching") / "packs" / f"{name}.yaml").read_text(encoding="utf-8")
        written = parse_yaml(text).value
        assert set(written) <= set(named["PlaybookFile"]["properties"])
        for section, kind in (("conditions", "Condition"), ("triggers", "Trigger"), ("criteria", "Criterion")):
            for entry in written[section].values():
                assert set(entry) <= set(named[kind]["properties"])
