"""Every struct that crosses a process or the data channel: the contract.

Two encodings, one definition: JSON on the data channel (browsers read it), MessagePack on NATS.
Times are seconds of media time unless the name says otherwise: 0 is the moment the call was bridged,
and both legs share that clock. Nothing here is ever stored, except what `Outcome` carries.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from rtc.published_playbook import PublishedPlaybook
from rtc.receipts import PurgeReceipt, Wiped

Leg = Literal["agent", "patient"]
Lane = Literal["safety", "compliance", "coach"]
CriterionState = Literal["open", "met", "partly_met", "not_met", "not_applicable", "insufficient"]
"""`insufficient`: too little was understood to judge it, so it has no weight. `open` is for calls that go on."""
AutomaticFail = Literal["none", "candidate", "confirmed"]
"""A machine makes candidates; only a person confirms one, and only then the call has failed."""
Stage = Literal["live", "analyse", "keep", "purge"]

SAMPLE_RATE = 16_000
"""Hz of all PCM between media and speech: mono, signed 16 bit, little endian."""

MAX_SDP_CHARS = 32_768
"""Refuse longer session descriptions: one audio section and one data channel need about 3,000."""


# --- data channel: media -> agent's browser (JSON text, tag field "type") ---------------------------------


class ChecklistItem(Struct, frozen=True):
    """One row of the agent's checklist; `weight` is its share of the score in points of 100."""

    criterion: str
    label: str
    weight: int


class Hello(Struct, frozen=True, tag="hello"):
    """First message on the channel. `analysed` is false when the patient asked to be put through without it."""

    call_id: str
    analysed: bool
    playbook: str
    checklist: list[ChecklistItem]


class Caption(Struct, frozen=True, tag="caption"):
    """Words heard on one leg. A later caption with the same `id` replaces it; `final` ends that id."""

    id: str
    leg: Leg
    text: str
    final: bool
    start: float
    end: float


class Cue(Struct, frozen=True, tag="cue"):
    """A card for the agent. `id` is idempotent: a repeat of a known id is the same cue. `at` is media time."""

    id: str
    lane: Lane
    label: str
    title: str
    say: str
    do_not_say: str | None
    leg: Leg
    at: float
    ttl_s: float | None = None
    """A card that has been of no use for so long goes by itself, in the coach lane only. None: the page decides."""
    needs_ack: bool = False
    """Stays until the agent has acknowledged it; cannot be put off."""


class Checklist(Struct, frozen=True, tag="checklist"):
    """A criterion changed state. `utterances`: ids of the captions whose words did it, for the page to quote them."""

    criterion: str
    state: CriterionState
    utterances: list[str] = msgspec.field(default_factory=list)


class Pipeline(Struct, frozen=True, tag="pipeline"):
    """Where the sound of this call is right now. Counts are of 20 ms frames, both legs, since the call began."""

    stage: Stage
    buffered_ms: int
    oldest_sample_ms: int
    frames_in: int
    frames_wiped: int


ListeningState = Literal["on", "paused", "stopped", "declined"]
"""`paused`: a card number is read aloud, the patient's side is not listened to until the agent resumes. `stopped`: for
the rest of the call, as one side wished. `declined`: the patient asked for that before the call."""


class Listening(Struct, frozen=True, tag="listening"):
    """To both pages: whether this call is listened to, as media does it. The channel is unordered: of two messages the
    one with the higher `number` is true."""

    number: int
    state: ListeningState
    since: str
    """When `state` began: UTC, RFC 3339."""
    by: Leg | None = None
    """Who wished that it stops."""
    held: bool = False
    """The agent holds the call: neither side hears the other, and nothing is listened to."""


class CriterionResult(Struct, frozen=True):
    """Evidence without content (mission: no words, no names): how often, which side, in which 10 s bucket first."""

    criterion: str
    label: str
    weight: int
    state: CriterionState
    hits: int
    leg: Leg | None
    first_bucket: int | None
    """Index of the 10-second stretch of the call in which it was first heard, from 0; None if never."""
    points: float | None = None
    """What was reached of `weight`; None where it does not count (open, not applicable, insufficient)."""
    option: str | None = None
    """The option of the playbook that was reached, where only part of it was."""
    reason: str | None = None
    """Why there is no judgement: `speech_not_understood`."""
    automatic_fail: AutomaticFail = "none"


class Flag(Struct, frozen=True):
    """About the agent's conduct, the process or the system; never about the patient's condition."""

    code: str
    severity: Literal["critical", "major", "minor"]
    about: Literal["conduct", "process", "system"]


class Scorecard(Struct, frozen=True, tag="scorecard"):
    """`total` is 0 to 100 over the criteria that applied, None when the call was not scored (`reason` says why)."""

    total: int | None
    reason: str | None
    coverage: float
    """Share of heard speech that was understood, 0 to 1."""
    criteria: list[CriterionResult]
    flags: list[Flag]
    automatic_fail: AutomaticFail = "none"
    """`candidate`: a criterion was not met for which a person may fail the whole call. `total` leaves it aside."""


class Notice(Struct, frozen=True, tag="notice"):
    """Something the agent must know about the system, in words for people. Stable `code`s:

    cues_live, cues_paused (recogniser unreachable or full), patient_not_analysed, patient_left,
    connection_lost and connection_restored (the caller's).
    """

    code: str
    severity: Literal["info", "warning", "error"]
    text: str


class Purged(Struct, frozen=True, tag="purged"):
    """The last message of a call: what the agent's page shows is what is stored."""

    receipt: PurgeReceipt


ChannelMessage = Hello | Caption | Cue | Checklist | Pipeline | Listening | Scorecard | Notice | Purged


# --- data channel: a browser -> media (JSON text, tag field "type") ------------------------------------------


class Ping(Struct, frozen=True, tag="ping", forbid_unknown_fields=True):
    """The page is alive: once a second, from either side's page."""


CueChoice = Literal["shown", "done", "acknowledged", "not_relevant", "later"]

MAX_CUE_ID_CHARS = 56
"""A trigger's name (48 at most), a hyphen and a number."""


class CueFeedback(Struct, frozen=True, tag="cue_feedback", forbid_unknown_fields=True):
    """What became of a card, from the agent's page: the card's id and one of our words, nothing else.

    It is counted and forgotten: see `CueCounts`.
    """

    cue: Annotated[str, Meta(max_length=MAX_CUE_ID_CHARS)]
    choice: CueChoice


class StopListening(Struct, frozen=True, tag="stop_listening", forbid_unknown_fields=True):
    """From either side: nothing of this call is listened to from now on. There is no way back but a new call."""


class Hold(Struct, frozen=True, tag="hold", forbid_unknown_fields=True):
    """From the agent's page. `value` false: talk again."""

    value: bool


class ResumeListening(Struct, frozen=True, tag="resume_listening", forbid_unknown_fields=True):
    """From the agent's page: the card number is over. Ends that pause and nothing else."""


PageMessage = Ping | CueFeedback | StopListening | Hold | ResumeListening

MAX_PAGE_MESSAGE_CHARS = 128


# --- server <-> media (MessagePack over NATS) ---------------------------------------------------------------


class CallPlan(Struct, frozen=True):
    """What media and speech may know about a call: enough to coach it, nothing that names a person."""

    call_id: str
    practice_id: str
    playbook: str
    analyse: bool
    vocabulary: list[str] = msgspec.field(default_factory=list)
    """Words this practice's callers use (clinicians, streets, medicines), as they are spelled. No patient's name."""
    line: str = ""
    """The practice's name for the line that was rung: a playbook may be for some lines only."""
    published: PublishedPlaybook | None = None
    """The practice's own playbook of that name. None: the one of that name which ships with this package."""


class LegOffer(Struct, frozen=True):
    """Request: connect one leg of a call with this browser's SDP offer."""

    plan: CallPlan
    leg: Leg
    sdp: Annotated[str, Meta(max_length=MAX_SDP_CHARS)]


class LegAnswer(Struct, frozen=True, tag="answer"):
    sdp: str


class Refusal(Struct, frozen=True, tag="refusal"):
    """Any request may be refused. `code` is stable; `detail` says what the person can do."""

    code: str
    detail: str


class HangUp(Struct, frozen=True):
    """Request: end this call. `by` is who decided."""

    call_id: str
    by: Literal["agent", "patient", "server"]


class Done(Struct, frozen=True, tag="done"):
    """The request was carried out, or had been before: every request here may be repeated."""


class LegEvent(Struct, frozen=True):
    """media -> server: one leg's transport changed. `lost` waits for that side to come back (`resumed`).
    `ended` is sent once per call; `leg` is then the side that hung up or stayed away, None when the server ended it."""

    call_id: str
    leg: Leg | None
    state: Literal["connected", "lost", "resumed", "closed", "ended"]


class SupervisorAlert(Struct, frozen=True):
    """speech -> server: a trigger wants somebody to look after this call's agent. Which one it was stays in speech:
    it may tell what the caller suffers from. `lane` says how urgent it is."""

    call_id: str
    lane: Lane


class WorkerState(Struct, frozen=True):
    """Published once a second by every media and speech worker; three missed means gone."""

    worker_id: str
    calls: int
    capacity: int


# --- what the kernel forbids media and speech: both -> server, doctor ------------------------------------------

Strength = Literal["enforced", "weaker", "not_available"]
ProtectionName = Literal[
    "files", "system_calls", "network", "descriptors", "core_dumps", "privileges", "memory", "swap", "denials"
]


class Protection(Struct, frozen=True):
    """One thing the process tried on itself. `detail` is one plain sentence; when `strength` is not enforced it says
    which promise is weaker, and why."""

    name: ProtectionName
    strength: Strength
    detail: str


class SandboxState(Struct, frozen=True):
    """What holds for one listening process, as it found by trying. Published with every WorkerState."""

    process: Literal["media", "speech"]
    host: str
    pid: int
    kernel: str
    protections: list[Protection]

    @property
    def weaker(self) -> list[Protection]:
        """What is not enforced. Empty: P4 is kept by the kernel."""
        return [protection for protection in self.protections if protection.strength != "enforced"]

    def holds(self, name: ProtectionName) -> bool:
        return any(protection.name == name and protection.strength == "enforced" for protection in self.protections)


class Denials(Struct, frozen=True):
    """Attempts that were refused since the process started, by the kind of attempt (`open_for_writing`, `memfd`,
    `connect`, ...). Published once a second; never a path, an address or a content."""

    process: Literal["media", "speech"]
    host: str
    pid: int
    counts: dict[str, int]


# --- media <-> speech ---------------------------------------------------------------------------------------


class Lease(Struct, frozen=True):
    """Request on the queue group: some speech worker, take this call. Answered by Grant or Refusal."""

    plan: CallPlan
    media_worker: str
    resumed: bool
    """The call's first recogniser was lost: what it had heard is gone, so the call can be coached but not scored."""
    late: bool = False
    """No recogniser took the call when it began: what was said before is unheard, so it is not scored either."""


class Grant(Struct, frozen=True, tag="grant"):
    worker_id: str
    checklist: list[ChecklistItem]


class Pcm(Struct, frozen=True, array_like=True):
    """A stretch of one leg's sound. `at` counts samples from media time 0; `pcm` is s16le mono at SAMPLE_RATE."""

    call_id: str
    leg: Leg
    at: int
    pcm: bytes


class Rest(Struct, frozen=True, array_like=True):
    """Nothing more comes of this leg for now: the call is held, or its connection is lost. Repeated once a second, so
    that the recogniser knows the call goes on. What is not yet understood is recognised, and then nothing is held.

    `unheard`: it is wiped instead, because a card number may be in it.
    """

    call_id: str
    leg: Leg
    unheard: bool


class Sound(Struct, frozen=True, array_like=True):
    """What one media process heard since its last message, of all calls whose sound goes to the same worker. The
    pieces of a leg are in order, and come before its rest."""

    pieces: list[Pcm]
    rests: list[Rest] = msgspec.field(default_factory=list)


class MediaTotals(Struct, frozen=True):
    """What media received and passed on, both legs, in 20 ms frames. `lost` were concealed."""

    frames_in: int
    frames_out: int
    lost: int


class CueCounts(Struct, frozen=True):
    """Cards of one trigger in one call, by what became of them; each card once. In the order of `CueChoice`."""

    trigger: str
    shown: int = 0
    done: int = 0
    acknowledged: int = 0
    not_relevant: int = 0
    later: int = 0


class CallClose(Struct, frozen=True):
    """Request, media -> the speech worker that holds the call: score it and wipe it. Answered by Closed, once all is
    wiped."""

    call_id: str
    duration_s: float
    totals: MediaTotals
    forget: bool = False
    """Somebody stopped the listening: wipe at once, recognise and score nothing."""


class Closed(Struct, frozen=True, tag="closed"):
    """The call is over for this recogniser. `scorecard` is None where listening was stopped."""

    scorecard: Scorecard | None
    playbook_version: int
    wiped: Wiped


class PauseListening(Struct, frozen=True, tag="pause_listening"):
    """speech -> media: a card number is being read. No more of this leg until the agent resumes. Repeated until
    media's `Rest` says that it was heard."""

    leg: Leg


class GivenUp(Struct, frozen=True, tag="given_up"):
    """speech -> media: this recogniser ends, and has wiped what it held of the call."""

    wiped: Wiped


class ToAgent(Struct, frozen=True):
    """speech -> media: put this on the agent's data channel. The last two are for media itself."""

    call_id: str
    message: ChannelMessage | PauseListening | GivenUp


# --- media -> server (speech, where media is gone), once per call ---------------------------------------------


NOT_CONNECTED = "not_connected"
"""Why a call is not scored whose two sides were never bridged: nothing of it could be heard, and nothing is judged."""


class Outcome(Struct, frozen=True):
    """All that remains of a call. Request/reply, idempotent by call id, repeated until acknowledged."""

    call_id: str
    practice_id: str
    playbook: str
    playbook_version: int
    """0 when no playbook was applied, because nobody listened."""
    duration_s: int
    scorecard: Scorecard
    receipt: PurgeReceipt
    cues: list[CueCounts] = msgspec.field(default_factory=list)
    """Added to the practice's sums for this playbook, and not stored with the call."""


Reply = LegAnswer | Refusal | Grant | Closed | Done

channel_encoder = msgspec.json.Encoder()
channel_decoder = msgspec.json.Decoder(ChannelMessage)
page_decoder = msgspec.json.Decoder(PageMessage)
