"""Row-level security on every table, forced; and references that cannot leave a practice.

Written by hand: Piccolo describes neither. Runs in the same transaction as the tables (server/migrate.py).
`nullif`: after a transaction that set it, PostgreSQL leaves the setting as '' on the pooled connection, and ''::uuid
would raise instead of showing nothing.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from server.tables import Practice

ID = "2026-11-23T09:51:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "row-level security, references inside one practice"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"
CREDENTIAL = "nullif(current_setting('app.credential', true), '')"

OF_A_PRACTICE = (
    "person",
    "login_session",
    "service_account",
    "line",
    "call",
    "evaluation",
    "criterion_result",
    "flag",
    "purge_receipt",
)

FOUND_BY_CREDENTIAL = {
    "person": f"issuer || ' ' || subject = {CREDENTIAL}",
    "login_session": f"token_hash = {CREDENTIAL}",
    "service_account": f"token_hash = {CREDENTIAL}",
    "line": f"link = {CREDENTIAL}",
    # The caller's token; for reports from media, which name no practice: the call's own id, or the worker's.
    "call": f"{CREDENTIAL} IN (caller_token_hash, id::text, media_worker)",
}
"""Rows needed before the practice is known. Possession of the secret shows that row, for reading, and nothing else.

No issuer holds a space (RFC 3986), so "issuer subject" has one reading.
"""

REFERENCES = (
    ("login_session", "person_id", "person"),
    ("call", "line_id", "line"),
    ("call", "person_id", "person"),
    ("call", "service_account_id", "service_account"),
    ("evaluation", "call_id", "call"),
    ("criterion_result", "evaluation_id", "evaluation"),
    ("flag", "evaluation_id", "evaluation"),
    ("purge_receipt", "call_id", "call"),
)
"""Reference checks bypass row-level security (PostgreSQL, CREATE POLICY), so the practice is part of the reference."""


def statements() -> list[str]:
    lines: list[str] = []
    for table in ("practice", "sign_in_attempt", *OF_A_PRACTICE):
        lines.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        lines.append(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table in OF_A_PRACTICE:
        lines.append(
            f"CREATE POLICY own_practice ON {table} USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
        )
        lines.append(f"ALTER TABLE {table} ALTER COLUMN practice_id SET NOT NULL")
    lines.append(f"CREATE POLICY own_practice ON practice USING (id = {HERE}) WITH CHECK (id = {HERE})")
    for table, matches in FOUND_BY_CREDENTIAL.items():
        lines.append(f"CREATE POLICY by_credential ON {table} FOR SELECT USING ({matches})")
    # An attempt belongs to no practice: whoever holds its state may use it once; stale ones may be swept.
    mine = f"state_hash = {CREDENTIAL}"
    lines.append(f"CREATE POLICY by_credential ON sign_in_attempt USING ({mine}) WITH CHECK ({mine})")
    lines.append("CREATE POLICY stale ON sign_in_attempt FOR SELECT USING (expires_at < now())")
    lines.append("CREATE POLICY stale_sweep ON sign_in_attempt FOR DELETE USING (expires_at < now())")

    for table in dict.fromkeys(target for _, _, target in REFERENCES):
        lines.append(f"ALTER TABLE {table} ADD CONSTRAINT {table}_of_practice UNIQUE (practice_id, id)")
    for table, column, target in REFERENCES:
        cascade = " ON DELETE CASCADE" if table in ("login_session", "criterion_result", "flag") else ""
        lines.append(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_same_practice FOREIGN KEY (practice_id, {column})"
            f" REFERENCES {target} (practice_id, id){cascade}"
        )

    lines.append("ALTER TABLE person ADD CONSTRAINT person_subject UNIQUE (issuer, subject)")
    lines.append("ALTER TABLE call ADD CONSTRAINT call_state CHECK (state IN ('ringing', 'answered', 'ended'))")
    lines.append(
        "ALTER TABLE call ADD CONSTRAINT call_one_answerer CHECK (num_nonnulls(person_id, service_account_id) <= 1)"
    )
    lines.append("ALTER TABLE evaluation ADD CONSTRAINT evaluation_total CHECK (total BETWEEN 0 AND 100)")
    lines.append("CREATE INDEX call_by_start ON call (practice_id, started_at DESC)")
    lines.append("CREATE INDEX call_open ON call (practice_id, state) WHERE state <> 'ended'")
    lines.append("CREATE INDEX call_by_worker ON call (media_worker) WHERE state <> 'ended'")
    lines.append("CREATE INDEX login_session_by_person ON login_session (practice_id, person_id)")
    lines.append("CREATE INDEX criterion_result_of ON criterion_result (practice_id, evaluation_id)")
    lines.append("CREATE INDEX flag_of ON flag (practice_id, evaluation_id)")
    return lines


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="server", description=DESCRIPTION)

    async def run() -> None:
        for statement in statements():
            await Practice.raw(statement)

    manager.add_raw(run)
    return manager
