"""What is said about a score, and what became of cards: two tables. Their policies are in the next migration."""

from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.base import Column, OnDelete
from piccolo.columns.column_types import UUID, ForeignKey, Integer, Timestamptz, Varchar
from piccolo.table import Table

ID = "2026-11-25T15:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "reviews of scores, sums of cards"


class Practice(Table, tablename="practice"):
    id = UUID(primary_key=True)


class Person(Table, tablename="person"):
    id = UUID(primary_key=True)


class Evaluation(Table, tablename="evaluation"):
    id = UUID(primary_key=True)


Described = tuple[type[Column], dict[str, Any]]

KEY: Described = (UUID, {"primary_key": True})
NUMBER: Described = (Integer, {})


def text(length: int, null: bool = False) -> Described:
    return (Varchar, {"length": length, "null": null, "default": None if null else ""})


def of(table: type[Table], on_delete: OnDelete = OnDelete.restrict) -> Described:
    return (ForeignKey, {"references": table, "on_delete": on_delete})


TABLES: dict[tuple[str, str], dict[str, Described]] = {
    ("ReviewStep", "review_step"): {
        "id": KEY,
        "practice_id": of(Practice),
        "evaluation_id": of(Evaluation, OnDelete.cascade),
        "position": NUMBER,
        "kind": text(20),
        "criterion": text(100, null=True),
        "code": text(40, null=True),
        "state": text(20, null=True),
        "person_id": of(Person),
        "at": (Timestamptz, {}),
    },
    ("CueSum", "cue_sum"): {
        "id": KEY,
        "practice_id": of(Practice),
        "playbook": text(100),
        "playbook_version": NUMBER,
        "trigger": text(100),
        "shown": NUMBER,
        "done": NUMBER,
        "acknowledged": NUMBER,
        "not_relevant": NUMBER,
        "later": NUMBER,
    },
}


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="server", description=DESCRIPTION)
    for (class_name, table), columns in TABLES.items():
        manager.add_table(class_name=class_name, tablename=table, schema=None, columns=None)
        for name, (kind, parameters) in columns.items():
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
