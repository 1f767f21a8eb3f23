"""`python -m server.migrate`: bring the database to the tables of this version. Run as the owner of the database.

Idempotent, and safe to start on many machines at once: an advisory lock lets one work while the others wait.
All of it is one transaction, so the application role never meets a table without its policies.
"""

import asyncio
import contextlib
import io
import os
import sys

import asyncpg
from piccolo.apps.migrations.commands.forwards import run_forwards
from piccolo.engine.finder import engine_finder
from piccolo.engine.postgres import PostgresEngine

from rtc.settings import SettingsError
from server.settings import load_migration

LOCK_KEY = 0x636C696E
"""Any constant of our own; pg_advisory_xact_lock is per database."""

GRANTS: dict[str, str] = {
    "migration": "SELECT",
    "practice": "SELECT, INSERT, UPDATE",
    "person": "SELECT, INSERT, UPDATE",
    "login_session": "SELECT, INSERT, UPDATE, DELETE",
    "sign_in_attempt": "SELECT, INSERT, DELETE",
    "service_account": "SELECT, INSERT, UPDATE, DELETE",
    "line": "SELECT, INSERT, UPDATE",
    "playbook": "SELECT, INSERT, UPDATE, DELETE",
    "playbook_version": "SELECT, INSERT",
    "call": "SELECT, INSERT, UPDATE",
    "evaluation": "SELECT, INSERT",
    "criterion_result": "SELECT, INSERT",
    "flag": "SELECT, INSERT",
    "purge_receipt": "SELECT, INSERT",
    "review_step": "SELECT, INSERT",
    "cue_sum": "SELECT, INSERT, UPDATE",
}
"""A score and a published playbook are written once, and what is said about a score too; the application role has no
right to change them."""


class MigrationFailed(Exception):
    """The database is as it was before. The text says why."""


async def migrate(engine: PostgresEngine, application_role: str) -> None:
    """Raises MigrationFailed, OSError or asyncpg.PostgresError."""
    async with engine.transaction(allow_nested=False) as transaction:
        connection = transaction.connection
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
        # Piccolo prints its progress with pictures; kept for the message of a failure only.
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            result = await run_forwards("server")
        if not result.success:
            raise MigrationFailed(result.message or said.getvalue())
        role = await connection.fetchval("SELECT quote_ident($1)", application_role)
        await connection.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        for table, rights in GRANTS.items():
            await connection.execute(f"REVOKE ALL ON {table} FROM {role}")
            await connection.execute(f"GRANT {rights} ON {table} TO {role}")


def main() -> int:
    """0, or 1 after one sentence on stderr."""
    try:
        settings = load_migration()
        # Piccolo's migrations look their engine up by this name; ours must be the same object, or they would run
        # outside our transaction.
        os.environ["PICCOLO_CONF"] = "server.piccolo_conf"
        engine = engine_finder()
        assert isinstance(engine, PostgresEngine)
        asyncio.run(migrate(engine, settings.database.application_role))
    except (SettingsError, MigrationFailed, OSError, asyncpg.PostgresError) as error:
        sys.stderr.write(f"migrate: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
