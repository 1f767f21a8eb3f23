"""The whole purge receipt with its hash; when a call ended. What was stored before has neither, and says so."""

from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.base import Column
from piccolo.columns.column_types import Text, Timestamptz, Varchar

ID = "2026-11-25T16:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the whole purge receipt, and its hash"

Described = tuple[str, str, str, type[Column], dict[str, Any]]

COLUMNS: tuple[Described, ...] = (
    ("Receipt", "purge_receipt", "document", Text, {"default": "", "null": False}),
    ("Receipt", "purge_receipt", "hash", Varchar, {"length": 64, "default": "", "null": False}),
    ("Call", "call", "ended_at", Timestamptz, {"default": None, "null": True}),
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="server", description=DESCRIPTION)
    for class_name, table, name, kind, parameters in COLUMNS:
        manager.add_column(
            table_class_name=class_name,
            tablename=table,
            column_name=name,
            db_column_name=name,
            column_class_name=kind.__name__,
            column_class=kind,
            params=parameters,
            schema=None,
        )
    return manager
