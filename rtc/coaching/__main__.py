"""`clinixcue playbook`: check a playbook, and test it on sentences and calls with known answers."""

import argparse
import sys
import time
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from rtc.coaching import playbook as playbooks
from rtc.coaching.cases import Call, CasesError, Labels, Sentence, read_cases
from rtc.coaching.definitions import Condition, PlaybookFile
from rtc.coaching.figures import CallReport, Figures, Finding, Reason, Report, SentenceReport, examine
from rtc.coaching.marked_yaml import MAX_CHARS
from rtc.coaching.playbook import Playbook, PlaybookError

GOOD, FAILED, BAD_INPUT = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 good, 1 a playbook refused or a safety label failed, 2 cases that cannot be run."""
    chosen = _parser().parse_args(argv)
    if chosen.command == "check":
        return check(chosen.files)
    if chosen.command == "schema":
        return schema()
    return test(chosen.file, chosen.cases, chosen.json, chosen.absent)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="clinixcue playbook", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    checking = commands.add_parser("check", help="is it a good playbook? Refusals with file, line and reason")
    checking.add_argument("files", metavar="FILE", nargs="+", help="YAML file, or name of a playbook we ship")
    commands.add_parser("schema", help="print the JSON Schema of a playbook, for editors that check while one writes")
    testing = commands.add_parser("test", help="what does it find, miss, and raise wrongly?")
    testing.add_argument("file", metavar="FILE", help="YAML file, or name of a playbook we ship")
    testing.add_argument(
        "cases", metavar="CASES", nargs="+", help="JSON lines: a file, a folder of .jsonl, or gp-reception[/FILE]"
    )
    testing.add_argument("--json", action="store_true", help="print everything as JSON")
    testing.add_argument("--absent", action="store_true", help="labels the playbook lacks count as missed, no error")
    return parser


def schema() -> int:
    """What a JSON Schema cannot say (whether names, weights and phrases fit together), `check` says."""
    printed = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(PlaybookFile)}
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(printed), indent=1) + b"\n")
    return GOOD


def check(names: Sequence[str]) -> int:
    status = GOOD
    for name in names:
        began = time.perf_counter()
        try:
            playbook = read_playbook(name)
        except PlaybookError as error:
            sys.stderr.write(f"{error}\n")
            status = FAILED
            continue
        took = 1000 * (time.perf_counter() - began)
        phrases = sum(_phrases(condition) for condition in playbook.conditions.values())
        sys.stdout.write(
            f"{name}: good: {len(playbook.triggers)} triggers, {len(playbook.criteria)} criteria, "
            f"{len(playbook.flags)} flags, {phrases} phrases; loaded in {took:.0f} ms\n"
        )
    return status


def _phrases(condition: Condition) -> int:
    grouped = sum(len(group) for near in condition.near for group in near.groups)
    counted = len(condition.n_of_phrases.phrases) if condition.n_of_phrases else 0
    listed = (condition.phrases, condition.all_phrases, condition.no_phrases, condition.unless, condition.regex)
    return sum(len(phrases) for phrases in listed) + counted + grouped


def read_playbook(name: str) -> Playbook:
    """A file, or else a playbook of this package. Raises PlaybookError."""
    path = Path(name)
    if not path.exists() and path.suffix not in (".yaml", ".yml"):
        return playbooks.load(name)
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MAX_CHARS + 1)
    except OSError as error:
        raise PlaybookError(name, 1, "", error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise PlaybookError(name, 1, "", "not a text file in UTF-8") from error
    return playbooks.parse(text, name)


def test(name: str, sources: Sequence[str], as_json: bool, absent: bool) -> int:
    try:
        labels = Labels(read_playbook(name), absent)
        cases = [case for source in sources for case in _cases(source, labels)]
    except (PlaybookError, CasesError) as error:
        sys.stderr.write(f"{error}\n")
        return BAD_INPUT
    report = examine(labels, cases)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    else:
        sys.stdout.write("\n".join(_lines(report)) + "\n")
    return GOOD if report.safety_passed else FAILED


def _cases(source: str, labels: Labels) -> list[Sentence | Call]:
    """Raises CasesError."""
    path: Traversable = Path(source)
    if not Path(source).exists():
        path = files(__package__) / "cases" / source
    inside = [path]
    if path.is_dir():
        inside = sorted((entry for entry in path.iterdir() if entry.name.endswith(".jsonl")), key=lambda one: one.name)
    if not inside:
        raise CasesError(source, 1, "no .jsonl files in it")
    cases: list[Sentence | Call] = []
    for file in inside:
        named = f"{source}/{file.name}" if path.is_dir() else source
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise CasesError(named, 1, error.strerror or str(error)) from error
        cases += read_cases(raw, named, labels)
    return cases


def _lines(report: Report) -> list[str]:
    lines = [f"{report.playbook}, version {report.version}"]
    if report.sentences is not None:
        lines += ["", *_sentence_lines(report.sentences)]
    if report.calls is not None:
        lines += ["", *_call_lines(report.calls)]
    return [*lines, "", "every safety case passed" if report.safety_passed else "NOT every safety case passed"]


_COLUMNS = f"{'expected':>8} {'found':>6} {'missed':>6} {'false':>6} {'named':>6}  precision  recall      F1 false/1000"


def _sentence_lines(report: SentenceReport) -> list[str]:
    rows = [(f"{row.label} ({'safety' if row.safety else row.kind})", row) for row in report.labels]
    macro = _ratio(report.macro_f1)
    return [
        f"{report.cases} sentences, {report.right} right; macro-F1 {macro} over {len(report.labels)} labels",
        "",
        *_table([*rows, ("all safety", report.safety)]),
        *(
            ["", f"{'hard negatives':40} {'cases':>6} {'right':>6}         silent on what 'not' names"]
            if report.kinds
            else []
        ),
        *(
            f"{row.kind:40} {row.cases:6} {row.right:6} {row.right / row.cases:7.3f} {row.silent:6} "
            f"{row.silent / row.cases:7.3f}"
            for row in report.kinds
        ),
        *_finding_lines(report.findings),
    ]


def _call_lines(report: CallReport) -> list[str]:
    lines = [
        f"{report.calls} calls of {report.turns} turns; criteria: {report.agreed} of {report.criteria} agree "
        f"({_ratio(report.agreement)}), Cohen's kappa {_ratio(report.kappa)}",
        "",
        *_table([("cues of calls", report.cues), ("flags of calls", report.flags)]),
        *_finding_lines(report.findings),
    ]
    if report.disagreements:
        lines += ["", f"criteria that ended differently ({len(report.disagreements)})"]
    for one in report.disagreements:
        lines.append(
            f"  {one.place} {one.case}: {one.criterion} is {one.got}, expected {one.expected}{_why(one.reasons, True)}"
        )
    return lines


def _table(rows: Sequence[tuple[str, Figures]]) -> list[str]:
    return [
        f"{'':34} {_COLUMNS}",
        *(
            f"{name:34} {row.expected:8} {row.found:6} {row.missed:6} {row.false_alarms:6} {row.named_false_alarms:6} "
            f"{_ratio(row.precision):>10} {_ratio(row.recall):>7} {_ratio(row.f1):>7} {row.false_alarms_per_1000:10.2f}"
            for name, row in rows
        ),
    ]


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _finding_lines(findings: Sequence[Finding]) -> list[str]:
    lines: list[str] = []
    for what, heading in (("missed", "missed"), ("false alarm", "false alarms")):
        chosen = [finding for finding in findings if finding.what == what]
        if chosen:
            lines += ["", f"{heading} ({len(chosen)})"]
        for one in chosen:
            named = ", named in 'not'" if one.named else ""
            quoted = f": {one.text}" if one.text else ""
            lines.append(f"  {one.place} {one.case}: {one.label}{named}{_why(one.reasons, False)}{quoted}")
    return lines


def _why(reasons: Sequence[Reason], with_turns: bool) -> str:
    if not reasons:
        return ""
    told = [f"{one.condition} ({one.operator}{f', turn {one.turn}' if with_turns else ''})" for one in reasons]
    return " by " + ", ".join(told)


if __name__ == "__main__":
    sys.exit(main())
