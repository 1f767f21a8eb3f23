"""Playbooks that are wrong are refused with line and reason."""

from textwrap import dedent

import pytest

from rtc.coaching.playbook import PlaybookError, load, parse

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
    ("broken_by: [bad]", "met_by: [hello], broken_by: [bad]", 28, "either 'met_by' or 'broken_by'"),
    ("met_by: [hello]", "met_by: [hello], at_least: 2", 27, "only 1 conditions"),
    ("broken_by: [bad]", "broken_by: [hello]", 28, "needs 'leg: agent, on: final'"),
    ("raised_by: [bad]", "raised_by: [pain]", 30, "needs 'leg: agent, on: final'"),
    ("      - good morning", "      - good morning\n      - '{a|b'", 18, "brace"),
    ("{<body>} pain", "{<bodies>} pain", 12, "no word list 'bodies'"),
    ("[chest, arm]", "[chest, '*']", 10, "not a word"),
    ("phrases: [no way]", "until_s: 5", 19, "needs 'phrases'"),
    ("phrases: [no way]", "phrases: [no way], regex: x", 19, "unknown key 'regex'"),
    ("conditions: [pain], within_s: 5", "conditions: [later], within_s: 5", 18, "looks back itself"),
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
    ("- hello", "- " + "[" * 40 + "]" * 40, 16, "deeply"),
]


@pytest.mark.parametrize(("old", "new", "line", "reason"), WRONG)
def test_a_wrong_one_is_refused_with_its_line(old: str, new: str, line: int, reason: str) -> None:
    assert old in GOOD
    with pytest.raises(PlaybookError) as refused:
        parse(GOOD.replace(old, new, 1), "mine.yaml")
    assert reason in str(refused.value)
    assert refused.value.line == line
    assert str(refused.value).startswith(f"mine.yaml:{line}: ")


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


def test_words_of_yaml_are_words() -> None:
    """`no`, `on` and 999 would be a boolean, a boolean and a number in YAML 1.1."""
    parse(GOOD.replace("- hello", "- no\n      - 999\n      - on"))


@pytest.mark.parametrize("name", ["none", "../gp-reception", "", "gp-reception.yaml"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(PlaybookError, match="known: gp-reception"):
        load(name)


def test_it_is_known_whose_words_can_fire_a_cue() -> None:
    assert load("gp-reception").cued_legs == {"patient"}
