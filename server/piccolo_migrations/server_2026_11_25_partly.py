"""What was reached of a criterion, why it was not judged, and whether a person may fail the call for it."""

from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.base import Column
from piccolo.columns.column_types import Real, Varchar

ID = "2026-11-25T15:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "parts of a criterion, and criteria that are not judged"

COLUMNS: dict[str, tuple[type[Column], dict[str, Any]]] = {
    "points": (Real, {"null": True, "default": None}),
    "option": (Varchar, {"length": 120, "null": True, "default": None}),
    "reason": (Varchar, {"length": 40, "null": True, "default": None}),
    "automatic_fail": (Varchar, {"length": 10, "default": "none"}),
}


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="server", description=DESCRIPTION)
    for name, (kind, parameters) in COLUMNS.items():
        manager.add_column(
            table_class_name="CriterionOutcome",
            tablename="criterion_result",
            column_name=name,
            db_column_name=name,
            column_class_name=kind.__name__,
            column_class=kind,
            params=parameters,
            schema=None,
        )
    return manager
