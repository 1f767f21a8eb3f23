"""A person says whether a call has failed: two more kinds of step in a review."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from server.tables import Practice

ID = "2026-11-25T16:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "reviews: a call is failed by a person"

KINDS = "kind IN ('contested', 'upheld', 'revised', 'fail_confirmed', 'fail_dismissed', 'acknowledged')"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="server", description=DESCRIPTION)

    async def run() -> None:
        await Practice.raw("ALTER TABLE review_step DROP CONSTRAINT review_step_kind")
        await Practice.raw(f"ALTER TABLE review_step ADD CONSTRAINT review_step_kind CHECK ({KINDS})")

    manager.add_raw(run)
    return manager
