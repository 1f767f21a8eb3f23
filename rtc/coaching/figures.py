"""How well a playbook does on its cases: what it misses, what it raises wrongly, and the usual figures of both."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec
from msgspec import Struct

from rtc.coaching.cases import Call, Labels, Sentence, Turn
from rtc.coaching.coach import Coach
from rtc.coaching.hearing import Heard, Met
from rtc.coaching.playbook import Playbook

WORDS_PER_SECOND = 2.5
PAUSE_SECONDS = 0.5
"""How fast written turns are spoken: 150 words a minute, with a pause behind each turn. Windows in time need it."""

ABSENT = "absent"
"""The kind of a label, and the state of a criterion, that the playbook does not have."""

_HARD_NEGATIVE = re.compile(r"-neg-([a-z_]+)-\d+$")


class Reason(Struct, frozen=True):
    """A condition that was met, what found it, and in which turn (from 1) of a call."""

    condition: str
    operator: str
    turn: int


class Finding(Struct, frozen=True):
    """A label that did not fire and should have, or the other way round."""

    what: Literal["missed", "false alarm"]
    label: str
    case: str
    place: str
    named: bool
    """The case named it in `not`."""
    reasons: list[Reason]
    text: str
    """The sentence; of a call, the turn in which a false alarm fired."""


class Figures(Struct, frozen=True):
    """Counts of (case, label). Ratios are None where there is nothing to divide by."""

    expected: int
    found: int
    false_alarms: int
    named_false_alarms: int
    precision: float | None
    recall: float | None
    f1: float | None
    false_alarms_per_1000: float
    """For each 1,000 turns heard."""

    @property
    def missed(self) -> int:
        return self.expected - self.found


class LabelFigures(Figures, frozen=True):
    label: str
    kind: Literal["cue", "criterion", "flag", "absent"]
    safety: bool


class KindFigures(Struct, frozen=True):
    """Sentences of one kind of hard negative, taken from their ids ("chest_pain-neg-history-001")."""

    kind: str
    cases: int
    right: int
    """Fired what was expected and nothing else."""
    silent: int
    """Fired nothing that `not` names."""


class SentenceReport(Struct, frozen=True):
    cases: int
    right: int
    labels: list[LabelFigures]
    macro_f1: float | None
    """Mean over the labels that were expected or fired."""
    safety: Figures
    kinds: list[KindFigures]
    findings: list[Finding]


class Disagreement(Struct, frozen=True):
    """A criterion that ended in another state than the case expects, and all that was met for or against it."""

    case: str
    place: str
    criterion: str
    expected: str
    got: str
    reasons: list[Reason]


class CallReport(Struct, frozen=True):
    calls: int
    turns: int
    cues: Figures
    flags: Figures
    criteria: int
    agreed: int
    agreement: float | None
    kappa: float | None
    disagreements: list[Disagreement]
    findings: list[Finding]


class Report(Struct, frozen=True):
    """`sentences` and `calls` are None where there was none."""

    playbook: str
    version: int
    safety_passed: bool
    """No cue of the safety lane was missed, and none fired that should not, in any sentence or call."""
    sentences: SentenceReport | None
    calls: CallReport | None


def examine(labels: Labels, cases: Iterable[Sentence | Call], heard: Callable[[], None] = lambda: None) -> Report:
    """Hear every case with a coach of its own. `heard` is called after each."""
    every = list(cases)
    sentences = _of_sentences(labels, [case for case in every if isinstance(case, Sentence)], heard)
    calls = _of_calls(labels, [case for case in every if isinstance(case, Call)], heard)
    findings = [*(sentences.findings if sentences else []), *(calls.findings if calls else [])]
    return Report(
        playbook=labels.playbook.name,
        version=labels.playbook.version,
        safety_passed=not any(finding.label in labels.safety for finding in findings),
        sentences=sentences,
        calls=calls,
    )


class _Observed(Struct, frozen=True):
    """What came of a case: labels that fired, and why."""

    fired: dict[str, list[Reason]]
    states: dict[str, str]
    flags: dict[str, list[Reason]]
    met: list[Reason]


def _observe(playbook: Playbook, turns: list[Turn]) -> _Observed:
    """`fired` holds cues only; see _sentence_fired for what else counts in a sentence."""
    coach = Coach(playbook)
    met: list[Reason] = []
    cues: dict[str, list[Reason]] = {}
    at = 0.0
    for n, turn in enumerate(turns, start=1):
        end = at + len(turn.text.split()) / WORDS_PER_SECOND
        coach.hear(Heard(f"turn-{n}", turn.speaker, turn.text, True, at, end))
        for now in (None, end + PAUSE_SECONDS):
            if now is not None:
                coach.tick(now)
            for fired in coach.last_fired:
                cues.setdefault(fired.trigger, []).append(Reason(fired.condition, fired.operator, n))
            met += [_reason(one, n) for one in coach.last_met]
        at = end + PAUSE_SECONDS
    card = coach.finish(max(at, playbook.min_duration_s), 1.0)
    flags = {flag.code: _among(met, playbook.flags[flag.code].raised_by) for flag in card.flags}
    return _Observed(cues, {row.criterion: row.state for row in card.criteria}, flags, met)


def _reason(met: Met, turn: int) -> Reason:
    return Reason(met.condition, met.operator, turn)


def _among(met: list[Reason], conditions: Iterable[str]) -> list[Reason]:
    wanted = frozenset(conditions)
    return [reason for reason in met if reason.condition in wanted]


def _sentence_fired(playbook: Playbook, observed: _Observed) -> dict[str, list[Reason]]:
    """Cues, flags, and the criteria whose evidence the sentence holds, whether or not they apply to it alone."""
    fired = {**observed.fired, **observed.flags}
    for name, criterion in playbook.criteria.items():
        evidence = _among(observed.met, criterion.met_by)
        enough = len({reason.condition for reason in evidence}) >= criterion.at_least
        if evidence and enough and not _among(observed.met, criterion.broken_by):
            fired[name] = [*fired.get(name, []), *evidence]
    return fired


def _of_sentences(labels: Labels, cases: list[Sentence], heard: Callable[[], None]) -> SentenceReport | None:
    if not cases:
        return None
    findings: list[Finding] = []
    expected: Counter[str] = Counter()
    wrong: set[str] = set()
    loud: set[str] = set()
    for case in cases:
        observed = _observe(labels.playbook, [Turn(case.speaker, case.text)])
        heard()
        fired = _sentence_fired(labels.playbook, observed)
        expected.update(set(case.expect))
        found = _findings(case, set(case.expect), fired, frozenset(case.not_), [case.text])
        findings += found
        wrong |= {one.place for one in found}
        loud |= {one.place for one in found if one.named}
    names = sorted(expected.keys() | {finding.label for finding in findings})
    rows = [_label(name, labels, expected[name], findings, len(cases)) for name in names]
    rated = [row.f1 for row in rows if row.f1 is not None]
    safety = [finding for finding in findings if finding.label in labels.safety]
    return SentenceReport(
        cases=len(cases),
        right=len(cases) - len(wrong),
        labels=rows,
        macro_f1=_share(sum(rated), len(rated)),
        safety=_figures(sum(n for name, n in expected.items() if name in labels.safety), safety, len(cases)),
        kinds=_kinds(cases, wrong, loud),
        findings=findings,
    )


def _findings(
    case: Sentence | Call, expected: set[str], fired: dict[str, list[Reason]], named: frozenset[str], texts: list[str]
) -> list[Finding]:
    """`texts` are the turns; of a call's misses no turn can be quoted."""
    text = texts[0] if len(texts) == 1 else ""
    missed = [
        Finding("missed", label, case.id, case.place, False, [], text) for label in sorted(expected - fired.keys())
    ]
    false = [
        Finding(
            "false alarm",
            label,
            case.id,
            case.place,
            label in named,
            reasons,
            texts[reasons[0].turn - 1] if reasons else text,
        )
        for label, reasons in sorted(fired.items())
        if label not in expected
    ]
    return missed + false


def _label(name: str, labels: Labels, expected: int, findings: list[Finding], turns: int) -> LabelFigures:
    figures = _figures(expected, [finding for finding in findings if finding.label == name], turns)
    return LabelFigures(
        **msgspec.structs.asdict(figures), label=name, kind=labels.kind(name), safety=name in labels.safety
    )


def _figures(expected: int, findings: list[Finding], turns: int) -> Figures:
    found = expected - sum(finding.what == "missed" for finding in findings)
    false = [finding for finding in findings if finding.what == "false alarm"]
    return Figures(
        expected=expected,
        found=found,
        false_alarms=len(false),
        named_false_alarms=sum(finding.named for finding in false),
        precision=_share(found, found + len(false)),
        recall=_share(found, expected),
        f1=_share(2 * found, expected + found + len(false)),
        false_alarms_per_1000=round(1000 * len(false) / turns, 2),
    )


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _kinds(cases: list[Sentence], wrong: set[str], loud: set[str]) -> list[KindFigures]:
    kinds: dict[str, list[Sentence]] = {}
    for case in cases:
        kind = _HARD_NEGATIVE.search(case.id)
        if kind:
            kinds.setdefault(kind[1], []).append(case)
    return [
        KindFigures(
            kind,
            len(members),
            sum(case.place not in wrong for case in members),
            sum(case.place not in loud for case in members),
        )
        for kind, members in sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _of_calls(labels: Labels, calls: list[Call], heard: Callable[[], None]) -> CallReport | None:
    if not calls:
        return None
    cues: list[Finding] = []
    flags: list[Finding] = []
    pairs: list[tuple[str, str]] = []
    disagreements: list[Disagreement] = []
    for call in calls:
        observed = _observe(labels.playbook, call.turns)
        heard()
        texts = [turn.text for turn in call.turns]
        cues += _findings(call, set(call.expected.cues), observed.fired, frozenset(), texts)
        flags += _findings(call, set(call.expected.flags), observed.flags, frozenset(), texts)
        for name, expected in call.expected.criteria.items():
            got = observed.states.get(name, ABSENT)
            pairs.append((expected, got))
            if got != expected:
                about = _about(labels.playbook, name, observed.met)
                disagreements.append(Disagreement(call.id, call.place, name, expected, got, about))
    turns = sum(len(call.turns) for call in calls)
    agreed = len(pairs) - len(disagreements)
    return CallReport(
        calls=len(calls),
        turns=turns,
        cues=_figures(sum(len(set(call.expected.cues)) for call in calls), cues, turns),
        flags=_figures(sum(len(set(call.expected.flags)) for call in calls), flags, turns),
        criteria=len(pairs),
        agreed=agreed,
        agreement=_share(agreed, len(pairs)),
        kappa=kappa(pairs),
        disagreements=disagreements,
        findings=cues + flags,
    )


def _about(playbook: Playbook, name: str, met: list[Reason]) -> list[Reason]:
    criterion = playbook.criteria.get(name)
    if criterion is None:
        return []
    return _among(met, [*criterion.met_by, *criterion.broken_by, *criterion.applies_if, *criterion.waived_if])


def kappa(pairs: list[tuple[str, str]]) -> float | None:
    """Cohen's kappa: agreement beyond what two raters with these habits reach by chance.

    None when there are no pairs, or both always give one and the same answer.
    """
    n = len(pairs)
    ours, theirs = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    by_chance = sum(ours[answer] * theirs[answer] for answer in ours)
    agreed = sum(first == second for first, second in pairs)
    return _share(agreed * n - by_chance, n * n - by_chance)
