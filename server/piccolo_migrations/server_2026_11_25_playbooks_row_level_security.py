"""Row-level security on a practice's playbooks, forced; and references that cannot leave the practice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from server.tables import Practice

ID = "2026-11-25T15:13:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "row-level security of playbooks"

HERE = "nullif(current_setting('app.practice_id', true), '')::uuid"

TABLES = ("playbook", "playbook_version")

REFERENCES = (
    ("playbook", "saved_by", "person"),
    ("playbook_version", "playbook_id", "playbook"),
    ("playbook_version", "published_by", "person"),
    ("call", "playbook_version_id", "playbook_version"),
)


def statements() -> list[str]:
    lines: list[str] = []
    for table in TABLES:
        lines.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        lines.append(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        lines.append(
            f"CREATE POLICY own_practice ON {table} USING (practice_id = {HERE}) WITH CHECK (practice_id = {HERE})"
        )
        lines.append(f"ALTER TABLE {table} ALTER COLUMN practice_id SET NOT NULL")
        lines.append(f"ALTER TABLE {table} ADD CONSTRAINT {table}_of_practice UNIQUE (practice_id, id)")
    for table, column, target in REFERENCES:
        lines.append(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_same_practice FOREIGN KEY (practice_id, {column})"
            f" REFERENCES {target} (practice_id, id)"
        )
    lines.append("ALTER TABLE playbook ADD CONSTRAINT playbook_name UNIQUE (practice_id, name)")
    lines.append("ALTER TABLE playbook_version ALTER COLUMN playbook_id SET NOT NULL")
    lines.append("ALTER TABLE playbook_version ALTER COLUMN published_by SET NOT NULL")
    lines.append("ALTER TABLE playbook_version ADD CONSTRAINT playbook_version_number UNIQUE (playbook_id, number)")
    return lines


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="server", description=DESCRIPTION)

    async def run() -> None:
        for statement in statements():
            await Practice.raw(statement)

    manager.add_raw(run)
    return manager
