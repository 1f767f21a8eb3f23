"""Sums of cards of a practice's own playbook are not those of ours with the same name and number."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Boolean

ID = "2026-11-25T16:15:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "sums of cards: whose playbook"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="server", description=DESCRIPTION)
    manager.add_column(
        table_class_name="CueSum",
        tablename="cue_sum",
        column_name="playbook_own",
        db_column_name="playbook_own",
        column_class_name="Boolean",
        column_class=Boolean,
        params={"default": False},
        schema=None,
    )
    return manager
