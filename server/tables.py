"""Everything that is stored. Of a call: these rows and nothing else; no word, no sound, no name of a patient.

Every table with a practice is guarded by row-level security that is forced, so that it binds the owner too.
The policies are in the second migration, which runs in the same transaction as the first.
"""

from piccolo.columns import (
    UUID,
    Array,
    BigInt,
    Boolean,
    ForeignKey,
    Integer,
    OnDelete,
    Real,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

HASH_CHARS = 64
"""A SHA-256 digest in hexadecimal."""


class Practice(Table, tablename="practice"):
    """A tenant: the controller of its calls."""

    id = UUID(primary_key=True)
    name = Varchar(length=200)
    kind = Varchar(length=20)
    emergency_number = Varchar(length=10)
    vocabulary = Array(Varchar(length=40))
    """Words its callers use, for the recogniser. No patient's name belongs here."""


class Person(Table, tablename="person"):
    """Somebody who signs in. Known by issuer and subject (OpenID Connect Core section 2), never by email."""

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    issuer = Varchar(length=300)
    subject = Varchar(length=255)
    name = Varchar(length=200)
    email = Varchar(length=320)
    roles = Array(Varchar(length=20))
    disabled_at = Timestamptz(null=True, default=None)


class LoginSession(Table, tablename="login_session"):
    """One sign-in of one person in one browser. Only the hash of the cookie is here."""

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    person_id = ForeignKey(Person, on_delete=OnDelete.cascade)
    token_hash = Varchar(length=HASH_CHARS, unique=True)
    created_at = Timestamptz()
    last_seen_at = Timestamptz()
    expires_at = Timestamptz()


class SignInAttempt(Table, tablename="sign_in_attempt"):
    """A browser that was sent to the provider and may come back once. Belongs to no practice yet."""

    state_hash = Varchar(length=HASH_CHARS, primary_key=True)
    browser_hash = Varchar(length=HASH_CHARS)
    nonce = Varchar(length=100)
    code_verifier = Varchar(length=128)
    next_path = Varchar(length=500)
    expires_at = Timestamptz()


class ServiceAccount(Table, tablename="service_account"):
    """A program that may call some routes with a bearer token. Only the token's hash is here."""

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    name = Varchar(length=100)
    token_hash = Varchar(length=HASH_CHARS, unique=True)
    scopes = Array(Varchar(length=30))
    expires_at = Timestamptz()


class Line(Table, tablename="line"):
    """A call link. Who has the link may ring; a monitoring line rings no person."""

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    link = Varchar(length=64, unique=True)
    name = Varchar(length=100)
    playbook = Varchar(length=100)
    monitor = Boolean(default=False)
    expires_at = Timestamptz(null=True, default=None)


class Playbook(Table, tablename="playbook"):
    """A playbook of the practice's own. It takes the place of the starter playbook of its name, if there is one.

    What is being written is the draft (`draft` is its YAML, None when there is none); what calls use is the newest
    PlaybookVersion, unless it was archived. Cases are sentences that the practice made up, never a patient's.
    """

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    name = Varchar(length=64)
    starter = Varchar(length=64, null=True, default=None)
    """The playbook of ours that it began as; its cases can be run too."""
    draft = Text(null=True, default=None)
    draft_cases = Text(default="")
    draft_starter_cases = Boolean(default=True)
    revision = Integer(default=0)
    """Of the draft: counts every time it was saved, so that nobody overwrites what they have not seen."""
    saved_at = Timestamptz(null=True, default=None)
    saved_by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.restrict)
    archived_at = Timestamptz(null=True, default=None)


class PlaybookVersion(Table, tablename="playbook_version"):
    """Published: never changed, never removed. `number` counts up within its playbook, past ours of that name."""

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    playbook_id = ForeignKey(Playbook, on_delete=OnDelete.restrict)
    number = Integer()
    source = Text()
    cases = Text()
    starter_cases = Boolean()
    cases_run = Integer()
    cases_right = Integer()
    published_at = Timestamptz()
    published_by = ForeignKey(Person, on_delete=OnDelete.restrict)


class Call(Table, tablename="call"):
    """state: ringing -> answered -> ended, or ringing -> ended. Answered by a person or by a service account."""

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    line_id = ForeignKey(Line, on_delete=OnDelete.restrict)
    state = Varchar(length=10)
    monitor = Boolean()
    analyse = Boolean()
    playbook = Varchar(length=100)
    playbook_version_id = ForeignKey(PlaybookVersion, null=True, default=None, on_delete=OnDelete.restrict)
    """The version in force when the call was placed. None: the starter playbook of that name."""
    media_worker = Varchar(length=64)
    caller_token_hash = Varchar(length=HASH_CHARS, unique=True)
    patient_joined = Boolean(default=False)
    person_id = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.restrict)
    service_account_id = ForeignKey(ServiceAccount, null=True, default=None, on_delete=OnDelete.restrict)
    started_at = Timestamptz()
    """To the minute (data minimisation, GDPR Art. 5(1)(c))."""
    duration_s = Integer(null=True, default=None)
    ended_by = Varchar(length=10, null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    """To the minute: from when on a receipt that is not there is missing."""


class Evaluation(Table, tablename="evaluation"):
    """The score of an answered call."""

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    call_id = ForeignKey(Call, unique=True, on_delete=OnDelete.restrict)
    playbook = Varchar(length=100)
    playbook_version = Integer()
    total = Integer(null=True, default=None)
    reason = Text(null=True, default=None)
    coverage = Real()


class CriterionOutcome(Table, tablename="criterion_result"):
    """One criterion of one evaluation; evidence without content."""

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    evaluation_id = ForeignKey(Evaluation, on_delete=OnDelete.cascade)
    position = Integer()
    criterion = Varchar(length=100)
    label = Varchar(length=200)
    weight = Integer()
    state = Varchar(length=20)
    hits = Integer()
    leg = Varchar(length=10, null=True, default=None)
    first_bucket = Integer(null=True, default=None)
    points = Real(null=True, default=None)
    option = Varchar(length=120, null=True, default=None)
    reason = Varchar(length=40, null=True, default=None)
    automatic_fail = Varchar(length=10, default="none")


class FlagRaised(Table, tablename="flag"):
    """About conduct, process or system; never about a patient's condition."""

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    evaluation_id = ForeignKey(Evaluation, on_delete=OnDelete.cascade)
    position = Integer()
    code = Varchar(length=100)
    severity = Varchar(length=10)
    about = Varchar(length=10)


class Receipt(Table, tablename="purge_receipt"):
    """What became of the sound of one call, answered or not."""

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    call_id = ForeignKey(Call, unique=True, on_delete=OnDelete.restrict)
    frames_in = BigInt()
    bytes_in = BigInt()
    frames_wiped = BigInt()
    oldest_sample_ms = Integer()
    wiped_at = Timestamptz()
    complete = Boolean()
    document = Text()
    """The whole receipt as canonical JSON: what `hash` is over (rtc/receipts.py)."""
    hash = Varchar(length=HASH_CHARS)


class ReviewStep(Table, tablename="review_step"):
    """One step of what agent and manager say about a score, in codes. Added, never changed (server/reviews/review.py).

    The score itself stays as it was written.
    """

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    evaluation_id = ForeignKey(Evaluation, on_delete=OnDelete.cascade)
    position = Integer()
    kind = Varchar(length=20)
    criterion = Varchar(length=100, null=True, default=None)
    code = Varchar(length=40, null=True, default=None)
    state = Varchar(length=20, null=True, default=None)
    """What the criterion is now, where it was revised."""
    person_id = ForeignKey(Person, on_delete=OnDelete.restrict)
    at = Timestamptz()
    """To the minute."""


class CueSum(Table, tablename="cue_sum"):
    """What became of the cards of one trigger, over all calls of a practice. No call, no person, no time."""

    id = UUID(primary_key=True)
    practice_id = ForeignKey(Practice, on_delete=OnDelete.restrict)
    playbook = Varchar(length=100)
    playbook_own = Boolean(default=False)
    """The practice's own; else the one of that name which ships with this package."""
    playbook_version = Integer()
    trigger = Varchar(length=100)
    shown = Integer()
    done = Integer()
    acknowledged = Integer()
    not_relevant = Integer()
    later = Integer()


TABLES: tuple[type[Table], ...] = (
    Practice,
    Person,
    LoginSession,
    SignInAttempt,
    ServiceAccount,
    Line,
    Playbook,
    PlaybookVersion,
    Call,
    Evaluation,
    CriterionOutcome,
    FlagRaised,
    Receipt,
    ReviewStep,
    CueSum,
)
