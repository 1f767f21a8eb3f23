"""What a draft is worth: what is wrong with its text, and what its cases come to. Pure; examiner.py gives it a process.

A version is published only when no case of a safety cue fails: none is missed, and none fires where it should not.
The practice's own cases count without exception. The starter playbook's do not where the starter playbook itself
fails in the same way: a practice is not held to what we cannot do.
"""

import time
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from rtc.coaching import playbook as playbooks
from rtc.coaching.cases import Call, CasesError, Labels, Sentence, read_cases
from rtc.coaching.figures import Finding, LabelFigures, Reason, Report, examine
from rtc.coaching.marked_yaml import parse_yaml
from rtc.coaching.playbook import Playbook, PlaybookError
from server.faults import Fault
from server.playbooks.heading import heading_faults
from server.playbooks.job import Job
from server.playbooks.schemas import CaseFinding, CaseRun, LabelResult
from server.playbooks.starters import cases_of

MAX_FAULTS = 20
MOST_SECONDS_TO_READ = 1.5
"""The first call with a version waits for it, without cues."""
MAX_FINDINGS = 300
OWN = "cases"
"""What the practice's own file of cases is called in a case's place."""

Case = Sentence | Call


class Checked(Struct, frozen=True):
    """A playbook without faults, and its cases."""

    playbook: Playbook
    own: list[Case]
    starter: list[Case]


def check(job: Job) -> Checked | list[Fault]:
    """What can be run, or what is wrong: of the playbook and of the cases each, up to MAX_FAULTS."""
    try:
        playbook = playbooks.parse(job.source)
        took = _seconds_to_read(job.source)
    except PlaybookError as error:
        return [Fault("playbook", one.line, one.place, one.reason) for one in error.refusals][:MAX_FAULTS]
    faults = [*heading_faults(job.source, job.name), *_line_faults(job, playbook)]
    if took > MOST_SECONDS_TO_READ:
        reason = f"takes {took:.1f} s to read, {MOST_SECONDS_TO_READ:g} s at most: use fewer phrases and examples"
        faults.append(Fault("playbook", 1, "", reason))
    own, faulty = _own_cases(job.cases, Labels(playbook))
    faults += faulty
    starter: list[Case] = []
    for file, raw in cases_of(job.starter) if job.starter else []:
        try:
            starter += read_cases(raw, file, Labels(playbook, absent_allowed=True))
        except CasesError as error:
            faults.append(Fault("starter", error.line, file, error.reason))
            break
    return faults or Checked(playbook, own, starter)


def _seconds_to_read(source: str) -> float:
    """Of one core, once the models are loaded: `check` has read it before."""
    began = time.process_time()
    playbooks.parse(source)
    return time.process_time() - began


def _line_faults(job: Job, playbook: Playbook) -> list[Fault]:
    """All calls come in, and each has a line: what is for others would leave those calls without cues."""
    left = [line for line in job.lines if not playbook.applies(line, "inbound")]
    if not left:
        return []
    at = parse_yaml(job.source).lines["$.applies_to"]
    return [Fault("playbook", at, "applies_to", f"leaves out {', '.join(left)}, where it is used")]


def _own_cases(text: str, labels: Labels) -> tuple[list[Case], list[Fault]]:
    if not text.strip():
        return [], []
    try:
        return read_cases(text.encode(), OWN, labels), []
    except CasesError as first:
        faults = [Fault("cases", number, "", reason) for number, reason in _bad_lines(text, labels)]
        return [], faults[:MAX_FAULTS] or [Fault("cases", first.line, "", first.reason)]


def _bad_lines(text: str, labels: Labels) -> Iterable[tuple[int, str]]:
    """Line by line, so that each is named at once and not one after the other. (Doubled ids are not seen so.)"""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                read_cases(line.encode(), OWN, labels)
            except CasesError as error:
                yield number, error.reason


def run(job: Job, checked: Checked, heard: Callable[[], None]) -> CaseRun:
    """`heard` is called after each case."""
    labels, ours = Labels(checked.playbook, absent_allowed=True), _starter_labels(job)
    safety = labels.safety | (ours.safety if ours else frozenset())
    cases = [*checked.own, *checked.starter]
    report = examine(labels, cases, heard)
    left_out = sorted(name for name in _names(cases) if labels.kind(name) == "absent" and name not in safety)
    failed = [one for one in _failures(report) if one.label not in left_out]
    alike = _alike(ours, checked.starter, [one for one in failed if one.label in safety])
    findings = [_finding(one, safety, alike) for one in failed]
    rows = [row for row in report.sentences.labels if row.label not in left_out] if report.sentences else []
    rated = [row.f1 for row in rows if row.f1 is not None]
    listed = sorted(findings, key=lambda one: (not one.blocks, one.as_ours, not one.own))
    return CaseRun(
        sentences=report.sentences.cases if report.sentences else 0,
        calls=report.calls.calls if report.calls else 0,
        right=len(cases) - len({one.place for one in failed}),
        macro_f1=round(sum(rated) / len(rated), 4) if rated else None,
        labels=[_row(row, safety) for row in rows],
        criteria=report.calls.criteria if report.calls else 0,
        criteria_right=report.calls.agreed if report.calls else 0,
        findings=listed[:MAX_FINDINGS],
        unlisted=max(0, len(listed) - MAX_FINDINGS),
        blocking=sum(one.blocks for one in findings),
        left_out=left_out,
        untested=sorted(labels.safety - {name for case in cases for name in _expected(case)}),
    )


def _starter_labels(job: Job) -> Labels | None:
    return Labels(playbooks.load(job.starter), absent_allowed=True) if job.starter else None


def _expected(case: Case) -> Sequence[str]:
    return case.expect if isinstance(case, Sentence) else case.expected.cues


def _names(cases: Iterable[Case]) -> set[str]:
    names: set[str] = set()
    for case in cases:
        if isinstance(case, Sentence):
            names |= {*case.expect, *case.not_}
        else:
            names |= {*case.expected.cues, *case.expected.flags, *case.expected.criteria}
    return names


class _Failure(Struct, frozen=True):
    what: str
    label: str
    case: str
    place: str
    text: str
    why: str


def _failures(report: Report) -> list[_Failure]:
    found: list[Finding] = []
    for part in (report.sentences, report.calls):
        found += part.findings if part else []
    failures = [_Failure(one.what, one.label, one.case, one.place, one.text, _why(one.reasons)) for one in found]
    for one in report.calls.disagreements if report.calls else []:
        why = f"ended as {one.got}, expected {one.expected}"
        failures.append(_Failure("another state", one.criterion, one.case, one.place, "", why))
    return failures


def _why(reasons: Sequence[Reason]) -> str:
    return ", ".join(dict.fromkeys(f"{one.condition} ({one.operator})" for one in reasons))


def _alike(ours: Labels | None, cases: list[Case], failed: list[_Failure]) -> set[tuple[str, str, str]]:
    """Failures of the starter playbook itself, among the cases that fail now: (what, label, place)."""
    places = {one.place for one in failed}
    again = [case for case in cases if case.place in places]
    if ours is None or not again:
        return set()
    return {(one.what, one.label, one.place) for one in _failures(examine(ours, again))}


def _finding(one: _Failure, safety: frozenset[str], alike: set[tuple[str, str, str]]) -> CaseFinding:
    file, _, line = one.place.rpartition(":")
    as_ours = (one.what, one.label, one.place) in alike
    return CaseFinding(
        what="missed" if one.what == "missed" else "false alarm" if one.what == "false alarm" else "another state",
        label=one.label,
        case=one.case,
        own=file == OWN,
        line=int(line),
        text=one.text,
        why=one.why,
        blocks=one.label in safety and not as_ours,
        as_ours=as_ours,
    )


def _row(row: LabelFigures, safety: frozenset[str]) -> LabelResult:
    return LabelResult(
        label=row.label,
        kind=row.kind,
        safety=row.label in safety,
        expected=row.expected,
        found=row.found,
        false_alarms=row.false_alarms,
        precision=row.precision,
        recall=row.recall,
    )
