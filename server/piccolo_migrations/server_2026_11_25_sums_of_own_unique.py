"""One row for each trigger of each version of each playbook, ours and a practice's own apart."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from server.tables import Practice

ID = "2026-11-25T16:16:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "sums of cards: unique with whose playbook it is"

ONE = "UNIQUE (practice_id, playbook, playbook_own, playbook_version, trigger)"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="server", description=DESCRIPTION)

    async def run() -> None:
        await Practice.raw("ALTER TABLE cue_sum DROP CONSTRAINT cue_sum_one")
        await Practice.raw(f"ALTER TABLE cue_sum ADD CONSTRAINT cue_sum_one {ONE}")

    manager.add_raw(run)
    return manager
