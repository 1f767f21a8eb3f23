"""`clinixcue playbook check` and `test`: what is refused, and whether the figures are right."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rtc.coaching.__main__ import main
from rtc.coaching.cases import Call, CasesError, Labels, Sentence, read_cases
from rtc.coaching.figures import Report, examine, kappa
from rtc.coaching.playbook import load
from server.cli import MODULES

SHIPPED = Path(__file__).parents[3] / "rtc" / "coaching" / "cases" / "gp-reception"

PAIN = "I've got chest pain"
BREATH = "I can't breathe"
NOTHING = "I would like my repeat prescription"
REDIRECT = "Please hang up and call 999 now"
REASSURED = "I'm sure it's nothing serious"


def sentence(name: str, text: str, expect: list[str], *, refuse: list[str] | None = None, by: str = "patient") -> str:
    return json.dumps({"id": name, "speaker": by, "text": text, "expect": expect, "not": refuse or []})


def call(name: str, turns: list[tuple[str, str]], **expected: Any) -> str:
    return json.dumps({"id": name, "turns": [{"speaker": s, "text": t} for s, t in turns], "expected": expected})


def read(*lines: str, absent: bool = False) -> list[Sentence | Call]:
    return read_cases("\n".join(lines).encode(), "my.jsonl", Labels(load("gp-reception"), absent))


def report(*lines: str, absent: bool = False) -> Report:
    return examine(Labels(load("gp-reception"), absent), read(*lines, absent=absent))


class TestReading:
    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("{", "not JSON"),
            ("5", "Expected `object`"),
            ('{"id": "a", "speaker": "patient"}', "missing required field `text`"),
            ('{"id": "a", "speaker": "nurse", "text": "x"}', "nurse"),
            ('{"id": "a", "speaker": "patient", "text": "x", "expected": []}', "unknown field `expected`"),
            ('{"id": "a", "speaker": "patient", "text": 5}', "$.text"),
            (sentence("a", "x", ["chest_pian"]), "has no cue, criterion or flag 'chest_pian'"),
            (sentence("a", "x", [], refuse=["sepsys"]), "'sepsys'"),
            (sentence("a", "x", ["stroke"], refuse=["stroke"]), "both in 'expect' and in 'not'"),
            (sentence("first", "x", []), "also the id of line 1"),
            ('{"id": "a", "speaker": "patient", "text": "x", "lang": "de"}', "is in 'de'"),
            (call("a", [("agent", "x")], cues=["greeting"]), "has no cue 'greeting'"),
            (call("a", [("agent", "x")], flags=["stroke"]), "has no flag 'stroke'"),
            (call("a", [("agent", "x")], criteria={"stroke": "met"}), "has no criterion 'stroke'"),
            (call("a", [("agent", "x")], criteria={"greeting": "open"}), "open"),
            (call("a", []), "length >= 1"),
        ],
    )
    def test_a_line_that_is_no_case(self, line: str, reason: str) -> None:
        with pytest.raises(CasesError) as refused:
            read(sentence("first", NOTHING, []), "", line)
        assert str(refused.value).startswith("my.jsonl:3: ")
        assert reason in refused.value.reason

    @pytest.mark.parametrize("raw", [b"", b"\n\n", b"\xef\xbb\xbf\n"])
    def test_a_file_without_cases(self, raw: bytes) -> None:
        with pytest.raises(CasesError, match=r"my.jsonl:1: there are no cases"):
            read_cases(raw, "my.jsonl", Labels(load("gp-reception")))

    def test_bytes_that_are_no_text(self) -> None:
        with pytest.raises(CasesError, match=r"my.jsonl:1: not JSON"):
            read_cases(b'{"id": "\xff\xfe"}', "my.jsonl", Labels(load("gp-reception")))

    def test_files_of_an_ordinary_editor(self) -> None:
        raw = b"\xef\xbb\xbf" + sentence("a", NOTHING, []).encode() + b"\r\n\r\n"
        assert len(read_cases(raw, "my.jsonl", Labels(load("gp-reception")))) == 1

    def test_the_language_without_its_country(self) -> None:
        assert read('{"id": "a", "speaker": "patient", "text": "x", "lang": "en"}')


class TestSentences:
    def test_the_figures(self) -> None:
        """Two of three chest pains found and one raised wrongly; breathing all found, and raised wrongly once."""
        found = report(
            sentence("chest_pain-pos-001", PAIN, ["chest_pain"]),
            sentence("chest_pain-pos-002", f"{PAIN} and {BREATH}", ["chest_pain", "breathing"]),
            sentence("chest_pain-pos-003", "I feel a bit odd today", ["chest_pain"]),
            sentence("chest_pain-neg-history-001", PAIN, [], refuse=["chest_pain"]),
            sentence("chest_pain-neg-history-002", BREATH, [], refuse=["chest_pain"]),
            sentence("chest_pain-neg-negation-001", "no chest pain", [], refuse=["chest_pain"]),
            sentence("price-neg-topic-001", NOTHING, [], refuse=["price"]),
            sentence("greeting-neg-near-001", NOTHING, [], refuse=["greeting"], by="agent"),
        )
        assert not found.safety_passed
        assert found.calls is None
        assert found.sentences is not None
        assert (found.sentences.cases, found.sentences.right) == (8, 5)
        breathing, chest_pain = found.sentences.labels
        assert (chest_pain.label, chest_pain.kind, chest_pain.safety) == ("chest_pain", "cue", True)
        assert (chest_pain.expected, chest_pain.found, chest_pain.missed) == (3, 2, 1)
        assert (chest_pain.false_alarms, chest_pain.named_false_alarms) == (1, 1)
        assert (chest_pain.precision, chest_pain.recall, chest_pain.f1) == (0.6667, 0.6667, 0.6667)
        assert chest_pain.false_alarms_per_1000 == 125.0
        assert (breathing.expected, breathing.found, breathing.missed) == (1, 1, 0)
        assert (breathing.false_alarms, breathing.named_false_alarms) == (1, 0)
        assert (breathing.precision, breathing.recall, breathing.f1) == (0.5, 1.0, 0.6667)
        assert found.sentences.macro_f1 == 0.6667
        safety = found.sentences.safety
        assert (safety.expected, safety.found, safety.false_alarms) == (4, 3, 2)
        assert (safety.precision, safety.recall) == (0.6, 0.75)
        kinds = {row.kind: (row.cases, row.right, row.silent) for row in found.sentences.kinds}
        assert kinds == {"history": (2, 0, 1), "negation": (1, 1, 1), "topic": (1, 1, 1), "near": (1, 1, 1)}

    def test_each_finding_says_where_and_why(self) -> None:
        found = report(sentence("a", "hello there", ["price"]), sentence("b", PAIN, [], refuse=["chest_pain"]))
        assert found.sentences is not None
        missed, false = found.sentences.findings
        assert (missed.what, missed.label, missed.place, missed.reasons) == ("missed", "price", "my.jsonl:1", [])
        assert (false.what, false.label, false.case, false.named) == ("false alarm", "chest_pain", "b", True)
        (reason,) = false.reasons
        assert reason.condition in load("gp-reception").triggers["chest_pain"].conditions
        assert reason.operator

    @pytest.mark.parametrize(("text", "label"), [(REDIRECT, "emergency_redirect"), (REASSURED, "clinical_reassurance")])
    def test_criteria_that_do_not_apply_yet_and_flags_count(self, text: str, label: str) -> None:
        found = report(sentence("a", text, [label], by="agent"))
        assert found.sentences is not None
        assert found.sentences.right == 1

    def test_a_criterion_needs_as_many_conditions_as_in_a_call(self) -> None:
        one, three = "What is your name?", "What is your name, your date of birth and your address?"
        found = report(sentence("a", one, [], by="agent"), sentence("b", three, ["identity_check"], by="agent"))
        assert found.sentences is not None
        assert "identity_check" not in [finding.label for finding in found.sentences.findings]

    def test_only_the_safety_lane_decides(self) -> None:
        found = report(sentence("a", PAIN, ["chest_pain"]), sentence("b", NOTHING, ["price"]))
        assert found.safety_passed
        assert found.sentences is not None
        assert found.sentences.right == 1

    def test_a_label_that_the_playbook_lacks_never_fires(self) -> None:
        found = report(sentence("a", NOTHING, ["tiredness"]), absent=True)
        assert found.sentences is not None
        (row,) = found.sentences.labels
        assert (row.label, row.kind, row.recall, row.precision, row.f1) == ("tiredness", "absent", 0.0, None, 0.0)


class TestCalls:
    def test_the_figures(self) -> None:
        turns = [("agent", "Good morning, Mill Lane Surgery"), ("patient", PAIN), ("agent", REDIRECT)]
        found = report(
            call("a", turns, cues=["chest_pain"], criteria={"greeting": "met", "emergency_redirect": "met"}),
            call("b", turns, cues=["price"], criteria={"greeting": "met", "emergency_redirect": "not_applicable"}),
            call("c", [("agent", REASSURED)], flags=["clinical_reassurance", "diagnosis"]),
        )
        assert not found.safety_passed
        assert found.sentences is None
        calls = found.calls
        assert calls is not None
        assert (calls.calls, calls.turns) == (3, 7)
        assert (calls.cues.expected, calls.cues.found, calls.cues.false_alarms) == (2, 1, 1)
        assert (calls.cues.precision, calls.cues.recall) == (0.5, 0.5)
        assert (calls.flags.expected, calls.flags.found, calls.flags.precision) == (2, 1, 1.0)
        assert (calls.criteria, calls.agreed, calls.agreement) == (4, 3, 0.75)
        (other,) = calls.disagreements
        assert (other.case, other.criterion, other.expected, other.got) == (
            "b",
            "emergency_redirect",
            "not_applicable",
            "met",
        )
        assert [reason.turn for reason in other.reasons] == [2, 3]
        alarm = next(finding for finding in calls.findings if finding.what == "false alarm")
        assert (alarm.case, alarm.label, alarm.text) == ("b", "chest_pain", PAIN)

    def test_turns_hear_what_came_before(self) -> None:
        """A run of digits is a card number after talk of cards."""
        turns = [("agent", "Shall I take a card payment?"), ("patient", "yes, it's five five five five")]
        assert report(call("a", turns, cues=["card_number"])).calls is not None
        assert report(call("a", turns[1:], cues=[])).safety_passed
        found = report(call("a", turns, cues=["card_number"])).calls
        assert found is not None
        assert found.cues.found == 1

    def test_kappa_of_a_table_computed_by_hand(self) -> None:
        """20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: agreement 0.7, by chance 0.5."""
        pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
        assert kappa(pairs) == 0.4
        assert kappa([("y", "y")] * 3) is None
        assert kappa([]) is None


class TestCommand:
    def test_it_is_a_command_of_clinixcue(self) -> None:
        command = [sys.executable, "-P", "-m", MODULES["playbook"][0], "check", "gp-reception"]
        assert b": good: " in subprocess.run(command, check=True, capture_output=True).stdout

    def test_a_good_playbook(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", "gp-reception"]) == 0
        (line,) = capsys.readouterr().out.splitlines()
        for what in ("good", "triggers", "criteria", "flags", "phrases", "loaded in"):
            assert what in line

    def test_every_file_that_is_refused_is_told(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        wrong, huge, binary = tmp_path / "wrong.yaml", tmp_path / "huge.yaml", tmp_path / "binary.yaml"
        wrong.write_text("name: small\nmood: good\n")
        huge.write_text("# " + "x" * 5_000_000)
        binary.write_bytes(b"\xff\xfe\x00")
        missing = tmp_path / "missing.yaml"
        names = [str(path) for path in (wrong, huge, binary, missing, tmp_path)]
        assert main(["check", *names, "gp-recepton", "gp-reception"]) == 1
        told = capsys.readouterr()
        lines = told.err.splitlines()
        assert f"{wrong}:2: mood: unknown key 'mood'" in lines
        assert f"{wrong}:1: 'criteria' must be a mapping of names" in lines
        assert lines[-5].startswith(f"{huge}:1: larger than")
        assert lines[-4].startswith(f"{binary}:1: not a text file")
        assert lines[-3].startswith(f"{missing}:1: No such file")
        assert lines[-2].startswith(f"{tmp_path}:1: ")
        assert "known: " in lines[-1]
        assert told.out.startswith("gp-reception: good")

    def test_exit_status(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        good, bad, wrong = tmp_path / "good.jsonl", tmp_path / "bad.jsonl", tmp_path / "wrong.jsonl"
        good.write_text(sentence("a", PAIN, ["chest_pain"]) + "\n")
        bad.write_text(sentence("a", NOTHING, ["chest_pain"]) + "\n")
        wrong.write_text(sentence("a", NOTHING, ["chest_pian"]) + "\n")
        assert main(["test", "gp-reception", str(good)]) == 0
        assert "every safety case passed" in capsys.readouterr().out
        assert main(["test", "gp-reception", str(good), str(bad)]) == 1
        assert f"{bad}:1 a: chest_pain: {NOTHING}" in capsys.readouterr().out
        for cases in (wrong, tmp_path / "missing.jsonl"):
            assert main(["test", "gp-reception", str(cases)]) == 2
            told = capsys.readouterr()
            assert told.out == ""
            assert told.err.startswith(f"{cases}:1: ")
        assert main(["test", "gp-recepton", str(good)]) == 2
        assert main(["test", "gp-reception", str(wrong), "--absent"]) == 0

    def test_a_folder_and_its_files(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["test", "gp-reception", str(tmp_path)]) == 2
        (tmp_path / "b.jsonl").write_text(sentence("a", PAIN, ["chest_pain"]))
        (tmp_path / "a.jsonl").write_text(call("a", [("patient", PAIN)], cues=[]))
        (tmp_path / "notes.txt").write_text("no cases")
        capsys.readouterr()
        assert main(["test", "gp-reception", str(tmp_path), "--json"]) == 1
        printed = json.loads(capsys.readouterr().out)
        assert (printed["sentences"]["cases"], printed["calls"]["calls"]) == (1, 1)
        assert printed["calls"]["findings"][0]["place"] == f"{tmp_path}/a.jsonl:1"
        assert printed["safety_passed"] is False

    def test_the_printed_table_has_what_json_has(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "a.jsonl").write_text(
            "\n".join(
                [
                    sentence("chest_pain-neg-idiom-001", PAIN, [], refuse=["chest_pain"]),
                    call("b", [("patient", PAIN)], cues=["chest_pain"], criteria={"emergency_redirect": "met"}),
                ]
            )
        )
        assert main(["test", "gp-reception", str(tmp_path / "a.jsonl")]) == 1
        out = capsys.readouterr().out
        assert "a.jsonl:1 chest_pain-neg-idiom-001: chest_pain, named in 'not' by chest_pain (" in out
        assert "emergency_redirect is not_met, expected met by chest_pain (" in out
        assert "NOT every safety case passed" in out


@pytest.mark.parametrize("name", ["tuning", "tuning_calls", "reporting", "reporting_calls"])
def test_the_cases_we_ship_can_be_read(name: str) -> None:
    raw = (SHIPPED / f"{name}.jsonl").read_bytes()
    assert len(read_cases(raw, name, Labels(load("gp-reception"), absent_allowed=True))) >= 16


STARTERS = ["dental", "gp-reception-ie", "private-clinic"]


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_playbook_has_every_label_of_the_first(name: str) -> None:
    """Cases and documents name them: they are the same in all."""
    first, other = load("gp-reception"), load(name)
    assert set(first.triggers) <= set(other.triggers)
    assert set(first.criteria) <= set(other.criteria)
    assert set(first.flags) == set(other.flags)
    assert sum(criterion.weight for criterion in other.criteria.values()) == 100


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_playbook_passes_the_safety_cases_of_its_own(name: str) -> None:
    labels = Labels(load(name))
    cases = read_cases((SHIPPED.parent / name / "tuning.jsonl").read_bytes(), name, labels)
    assert examine(labels, cases).safety_passed
    silent = [case for case in cases if isinstance(case, Sentence) and "-neg-" in case.id]
    assert len(silent) >= 0.4 * len(cases) >= 18
