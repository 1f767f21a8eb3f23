"""PostgreSQL: one pool, and the two kinds of transaction in which rows can be seen at all.

Row-level security is forced on every table. Without a transaction from here the policies show nothing:

- `practice(id)`: the rows of that practice;
- `credential(value)`: before the practice is known, the one row whose secret equals `value`, and nothing else.

Both settings are local to the transaction (`set_config(..., true)`), so a pooled connection forgets them at its end.
Transactions are never nested: Piccolo treats an inner one as part of the outer, so it would change its practice.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from server.settings import DatabaseSettings
from server.tables import TABLES

PRACTICE = "app.practice_id"
CREDENTIAL = "app.credential"

STATEMENT_SECONDS = 10.0
"""Every statement of ours touches a few rows by key. Longer means a lock or a lost host: fail and say so."""

OLDEST_VERSION = 150000
"""As PostgreSQL numbers itself: major times 10000."""

UNGUARDED_TABLES = frozenset({"migration"})
"""Holds names of migrations only, and no practice."""


UNREACHABLE: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
"""What a transaction raises while PostgreSQL is away, stopping, starting or full. Retryable."""


class NestedTransaction(Exception):
    """A transaction was opened inside another. A mistake in the code, never the person's."""


class UnsafeDatabase(Exception):
    """The role or a table would let one practice see another's rows. The text says which and what to change."""


class QuietEngine(PostgresEngine):
    """Piccolo connects while an engine is constructed, to warn about old versions; we look when we open."""

    async def check_version(self) -> None:
        return


def make_engine(settings: DatabaseSettings) -> PostgresEngine:
    return QuietEngine(
        config={
            "host": settings.host,
            "port": settings.port,
            "database": settings.name,
            "user": settings.user,
            "password": settings.password,
            "timeout": STATEMENT_SECONDS,
        }
    )


class Database:
    """The process's only way to the database. `open` before use, `close` at the end."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._engine = make_engine(settings)

    async def open(self) -> None:
        """Raises OSError or asyncpg.PostgresError when PostgreSQL cannot be reached."""
        await self._engine.start_connection_pool(
            min_size=1, max_size=self._settings.connections, command_timeout=STATEMENT_SECONDS
        )
        for table in TABLES:
            table._meta.db = self._engine

    async def close(self) -> None:
        if self._engine.pool is not None:
            await self._engine.close_connection_pool()

    @asynccontextmanager
    async def practice(self, practice_id: UUID) -> AsyncIterator[None]:
        """A transaction that sees and writes rows of one practice. Raises NestedTransaction."""
        async with self._transaction({PRACTICE: str(practice_id)}):
            yield

    @asynccontextmanager
    async def credential(self, value: str) -> AsyncIterator[None]:
        """A transaction that sees the one row whose secret is `value`. Raises NestedTransaction."""
        async with self._transaction({CREDENTIAL: value}):
            yield

    async def applied_migrations(self) -> set[str]:
        """Ids of the migrations this database has had. Empty before the first."""
        async with self._pool.acquire() as connection:
            if await connection.fetchval("SELECT to_regclass('public.migration')") is None:
                return set()
            rows = await connection.fetch("SELECT name FROM migration WHERE app_name = 'server'")
            return {str(row["name"]) for row in rows}

    async def refuse_if_unsafe(self) -> None:
        """The boot guard. Raises UnsafeDatabase naming what would defeat row-level security."""
        async with self._pool.acquire() as connection:
            for faulty in (_version_fault, _role_fault, _table_fault, _view_fault):
                fault = await faulty(connection)
                if fault is not None:
                    raise UnsafeDatabase(fault)

    @property
    def _pool(self) -> Any:
        if self._engine.pool is None:
            raise asyncpg.InterfaceError("the database is not open")
        return self._engine.pool

    @asynccontextmanager
    async def _transaction(self, local: dict[str, str]) -> AsyncIterator[None]:
        """Piccolo finds the connection in its context variable; asyncpg commits, rolls back and releases.

        (PostgresTransaction used as a context manager keeps its connection when a commit fails.)
        """
        if self._engine.current_transaction.get() is not None:
            raise NestedTransaction("a transaction is open already; give the inner work to the same one")
        async with self._pool.acquire() as connection, connection.transaction():
            for name, value in local.items():
                await connection.execute("SELECT set_config($1, $2, true)", name, value)
            transaction = PostgresTransaction(self._engine, allow_nested=False)
            transaction.connection = connection
            token = self._engine.current_transaction.set(transaction)
            try:
                yield
            finally:
                self._engine.current_transaction.reset(token)


async def _version_fault(connection: Any) -> str | None:
    """Views respect row-level security only since 15 (security_invoker)."""
    number = int(await connection.fetchval("SHOW server_version_num"))
    return f"PostgreSQL 15 or newer is needed, this is {number // 10000}" if number < OLDEST_VERSION else None


async def _role_fault(connection: Any) -> str | None:
    """Superusers and BYPASSRLS roles ignore policies; an owner could switch them off."""
    role = await connection.fetchrow(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    if role["rolsuper"] or role["rolbypassrls"]:
        fault = "a superuser" if role["rolsuper"] else "exempt from row-level security (BYPASSRLS)"
        return f"[database] user {role['rolname']} is {fault}; connect as the application role"
    owned = await connection.fetchval(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND pg_has_role(current_user, relowner, 'USAGE') ORDER BY relname LIMIT 1"
    )
    if owned is not None:
        return f"[database] user {role['rolname']} owns the table {owned}; connect as the application role"
    return None


async def _table_fault(connection: Any) -> str | None:
    """Stricter than 'has a practice_id': every table but those named above must be guarded."""
    name = await connection.fetchval(
        "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
        " AND c.relname <> ALL($1) AND NOT (c.relrowsecurity AND c.relforcerowsecurity"
        " AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)) ORDER BY c.relname LIMIT 1",
        sorted(UNGUARDED_TABLES),
    )
    if name is not None:
        return f"table {name} has no forced row-level security; run the migrations (clinixcue migrate)"
    return None


async def _view_fault(connection: Any) -> str | None:
    """A view runs with its owner's rights unless it says security_invoker (PostgreSQL 15)."""
    name = await connection.fetchval(
        "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
        " AND NOT ('security_invoker=true' = ANY(coalesce(reloptions, '{}'))) ORDER BY relname LIMIT 1"
    )
    return None if name is None else f"view {name} lacks security_invoker=true; it would show every practice's rows"
