"""HTTP shapes of playbooks. A playbook's text is YAML, its cases are lines of JSON; docs/playbooks.md shows both."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from server.faults import Fault

# --- what there is ----------------------------------------------------------------------------------------------


class StarterPlaybook(Struct, frozen=True):
    """One that ships with ClinixCue. `cases`: how many sentences and calls come with it."""

    name: str
    title: str
    version: int
    language: str
    country: str
    cases: int


class PlaybookRow(Struct, frozen=True):
    """A playbook of the practice. `version` is the one that calls get: None before the first, and when archived."""

    id: UUID
    name: str
    state: Literal["draft", "published", "archived"]
    version: int | None
    published_at: str | None
    """UTC, RFC 3339."""
    published_by: str | None
    has_draft: bool


class LineUse(Struct, frozen=True):
    """Which playbook the next call on a line gets. `own`: the practice's; else ours. `version` None: there is none."""

    id: UUID
    line: str
    monitor: bool
    playbook: str
    own: bool
    version: int | None


class Playbooks(Struct, frozen=True):
    """Everything a manager chooses from."""

    playbooks: list[PlaybookRow]
    starters: list[StarterPlaybook]
    lines: list[LineUse]


class Draft(Struct, frozen=True):
    """What is being written. `faults`: what is wrong with it; empty when it can be run and published."""

    source: str
    cases: str
    starter_cases: bool
    """Whether the cases of the starter playbook it began as are run too."""
    revision: int
    saved_at: str
    saved_by: str
    faults: list[Fault]


class PublishedVersion(Struct, frozen=True):
    """Never changes. `cases_right` of `cases_run` came out as expected when it was published."""

    number: int
    published_at: str
    published_by: str
    starter_cases: bool
    cases_run: int
    cases_right: int


class PracticePlaybook(Struct, frozen=True):
    """One playbook of the practice in full, newest version first. Its lines: those that name it."""

    id: UUID
    name: str
    state: Literal["draft", "published", "archived"]
    starter: str | None
    draft: Draft | None
    versions: list[PublishedVersion]
    lines: list[str]


class VersionText(Struct, frozen=True):
    """The text of a published version."""

    number: int
    source: str
    cases: str


# --- what a manager sends ---------------------------------------------------------------------------------------


class NewPlaybook(Struct, frozen=True):
    """Begin a draft: as a copy of a starter playbook, under its own or another name, or with a file (`source`)."""

    starter: str | None = None
    name: str | None = None
    source: str | None = None


class NewDraft(Struct, frozen=True):
    """Begin a draft as a copy of this version."""

    number: int


class DraftText(Struct, frozen=True):
    """Replace the draft. `revision`: of the draft this was made from."""

    source: str
    cases: str
    starter_cases: bool
    revision: int


class Publication(Struct, frozen=True):
    """Publish the draft as it was seen, at this revision."""

    revision: int


class LinePlaybook(Struct, frozen=True):
    """Name of a starter playbook, or of one that the practice has published."""

    playbook: str


# --- running cases ----------------------------------------------------------------------------------------------


class RunProgress(Struct, frozen=True, tag="progress"):
    """`done` of `of` cases were heard."""

    done: int
    of: int


class LabelResult(Struct, frozen=True):
    """How one cue, criterion or flag did on the sentences. Ratios are None where there is nothing to divide by."""

    label: str
    kind: Literal["cue", "criterion", "flag", "absent"]
    safety: bool
    expected: int
    found: int
    false_alarms: int
    precision: float | None
    recall: float | None


class CaseFinding(Struct, frozen=True):
    """A case that did not come out as it should. `blocks`: while it is so, the draft is not published."""

    what: Literal["missed", "false alarm", "another state"]
    label: str
    case: str
    own: bool
    """From the practice's own cases; else from the starter playbook's."""
    line: int
    text: str
    why: str
    """The conditions that were met, or the state a criterion ended in."""
    blocks: bool
    as_ours: bool
    """Of a safety cue, and the starter playbook fails the same way: the practice is not held to it."""


class CaseRun(Struct, frozen=True, tag="run"):
    """What came of all cases."""

    sentences: int
    calls: int
    right: int
    macro_f1: float | None
    labels: list[LabelResult]
    criteria: int
    """Criteria of calls with a known state, and how many ended so."""
    criteria_right: int
    findings: list[CaseFinding]
    """Those that block first; at most MAX_FINDINGS."""
    unlisted: int
    blocking: int
    left_out: list[str]
    """Labels of the starter's cases that this playbook does not have."""
    untested: list[str]
    """Cues of the safety lane that no case expects."""


class CannotRun(Struct, frozen=True, tag="cannot_run"):
    """The draft has faults, or the run was stopped."""

    faults: list[Fault]


RunAnswer = RunProgress | CaseRun | CannotRun
"""Lines of a run, one JSON object each: progress while it lasts, then one of the others."""
