"""Row-level security on the tables of the migration before, and references that cannot leave a practice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from server.tables import Practice

ID = "2026-11-25T15:21:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "reviews and sums: row-level security, references inside one practice"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"

KINDS = "kind IN ('contested', 'upheld', 'revised', 'acknowledged')"
WHOLE = (
    "CASE kind WHEN 'acknowledged' THEN num_nonnulls(criterion, code, state) = 0"
    " WHEN 'revised' THEN num_nonnulls(criterion, code, state) = 3"
    " ELSE num_nonnulls(criterion, code) = 2 AND state IS NULL END"
)


def statements() -> list[str]:
    lines: list[str] = []
    for table in ("review_step", "cue_sum"):
        lines += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY own_practice ON {table} USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})",
            f"ALTER TABLE {table} ALTER COLUMN practice_id SET NOT NULL",
        ]
    for column, target, cascade in (("evaluation_id", "evaluation", " ON DELETE CASCADE"), ("person_id", "person", "")):
        lines.append(f"ALTER TABLE review_step ALTER COLUMN {column} SET NOT NULL")
        lines.append(
            f"ALTER TABLE review_step ADD CONSTRAINT review_step_{column}_same_practice"
            f" FOREIGN KEY (practice_id, {column}) REFERENCES {target} (practice_id, id){cascade}"
        )
    lines += [
        "ALTER TABLE review_step ADD CONSTRAINT review_step_position UNIQUE (practice_id, evaluation_id, position)",
        f"ALTER TABLE review_step ADD CONSTRAINT review_step_kind CHECK ({KINDS})",
        f"ALTER TABLE review_step ADD CONSTRAINT review_step_whole CHECK ({WHOLE})",
        "ALTER TABLE cue_sum ADD CONSTRAINT cue_sum_one UNIQUE (practice_id, playbook, playbook_version, trigger)",
    ]
    return lines


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="server", description=DESCRIPTION)

    async def run() -> None:
        for statement in statements():
            await Practice.raw(statement)

    manager.add_raw(run)
    return manager
