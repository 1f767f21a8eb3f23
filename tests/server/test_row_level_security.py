"""One practice never reaches another's rows, whatever the code above asks for. Every table of the catalogue."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from rtc.messages import CueCounts
from server.database import Database, NestedTransaction, UnsafeDatabase
from server.demo import HARBOUR, RIVERSIDE
from server.practices import store as practices
from tests.support.fake_media import FakeMedia, an_outcome
from tests.support.installation import Installation
from tests.support.playbooks import published
from tests.support.signalling import answered_call, scored

NO_TENANT_DATA = {"migration", "sign_in_attempt"}


async def tables(installation: Installation) -> list[str]:
    async with installation.rows(owner=False) as rows:
        found = await rows.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [row["tablename"] for row in found if row["tablename"] not in NO_TENANT_DATA]


@pytest.fixture
async def full(installation: Installation, media: FakeMedia) -> None:
    """At least one row of Riverside in every table."""
    call = await answered_call(installation, "tom.agent")
    async with installation.as_person("maria.manager") as manager:
        if not (await manager.get("/api/playbooks")).json()["playbooks"]:
            await published(manager)
    counts = [CueCounts("price", shown=1)]
    await media.report(an_outcome(call.call_id, str(RIVERSIDE.id), scored(), counts))
    async with installation.as_person("tom.agent") as tom:
        evaluation = (await tom.get(f"/api/calls/{call.call_id}/outcome")).json()["id"]
        contest = {"criterion": "greeting", "reason": "misheard"}
        contested = await tom.post(f"/api/evaluations/{evaluation}/contests", json=contest)
    assert contested.status_code == 201, contested.text


def ids(table: str) -> str:
    """How the tables name their practice."""
    return "id" if table == "practice" else "practice_id"


@pytest.mark.usefixtures("full")
async def test_without_a_practice_nothing_is_seen(installation: Installation) -> None:
    for table in await tables(installation):
        for owner in (False, True):
            async with installation.rows(owner=owner) as rows:
                assert await rows.fetchval(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608  # catalogue


@pytest.mark.usefixtures("full")
async def test_a_practice_sees_its_own_rows_only(installation: Installation) -> None:
    for table in await tables(installation):
        async with installation.rows(RIVERSIDE.id, owner=False) as rows:
            seen = await rows.fetch(f"SELECT {ids(table)} AS practice FROM {table}")  # noqa: S608  # catalogue
        assert {row["practice"] for row in seen} == {RIVERSIDE.id}, table
        async with installation.rows(HARBOUR.id, owner=False) as rows:
            query = f"SELECT count(*) FROM {table} WHERE {ids(table)} = $1"  # noqa: S608  # catalogue
            assert await rows.fetchval(query, RIVERSIDE.id) == 0, table


@pytest.mark.usefixtures("full")
async def test_a_practice_changes_and_removes_its_own_rows_only(installation: Installation) -> None:
    """As the owner, who has every right on the tables: the policies alone must hold."""
    for table in await tables(installation):
        async with installation.rows(HARBOUR.id) as rows:
            mine = f"WHERE {ids(table)} = '{RIVERSIDE.id}'"
            assert await rows.execute(f"UPDATE {table} SET id = id {mine}") == "UPDATE 0", table  # noqa: S608
            assert await rows.execute(f"DELETE FROM {table} {mine}") == "DELETE 0", table  # noqa: S608


@pytest.mark.usefixtures("full")
async def test_a_row_cannot_be_written_into_another_practice(installation: Installation) -> None:
    for table in await tables(installation):
        async with installation.rows(RIVERSIDE.id) as rows:
            row: dict[str, Any] = dict(await rows.fetchrow(f"SELECT * FROM {table} LIMIT 1"))  # noqa: S608  # catalogue
        row |= {"id": uuid4(), ids(table): uuid4() if table == "practice" else RIVERSIDE.id}
        names, places = (
            ", ".join(f'"{name}"' for name in row),
            ", ".join(f"${number}" for number in range(1, len(row) + 1)),
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with installation.rows(HARBOUR.id) as rows:
                await rows.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608


async def test_a_row_cannot_refer_to_another_practice(installation: Installation) -> None:
    """Checks of references bypass row-level security, so the practice is part of the reference."""
    async with installation.rows(HARBOUR.id) as rows:
        person = await rows.fetchval("SELECT id FROM person LIMIT 1")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with installation.rows(RIVERSIDE.id, owner=False) as rows:
            await rows.execute(
                "INSERT INTO login_session (id, practice_id, person_id, token_hash) VALUES ($1, $2, $3, 'x')",
                uuid4(),
                RIVERSIDE.id,
                person,
            )


async def test_a_credential_shows_one_row_and_changes_none(installation: Installation) -> None:
    async with installation.rows(credential=installation.link, owner=False) as rows:
        links = [row["link"] for row in await rows.fetch("SELECT link FROM line")]
        assert links == [installation.link]
        assert await rows.fetchval("SELECT count(*) FROM person") == 0
        assert await rows.execute("UPDATE line SET expires_at = now()") == "UPDATE 0"
    async with installation.rows(credential=f"{installation.issuer} tom.agent", owner=False) as rows:
        assert [row["subject"] for row in await rows.fetch("SELECT subject FROM person")] == ["tom.agent"]
    async with installation.rows(credential="", owner=False) as rows:
        assert await rows.fetchval("SELECT count(*) FROM line") == 0


@pytest.mark.usefixtures("full")
async def test_a_score_cannot_be_changed_by_the_application(installation: Installation) -> None:
    for table in ("evaluation", "criterion_result", "flag", "purge_receipt", "review_step", "playbook_version"):
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):  # noqa: S608  # names above
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with installation.rows(RIVERSIDE.id, owner=False) as rows:
                    await rows.execute(statement)


async def open_database(installation: Installation, **changed: Any) -> Database:
    settings = installation.database_settings(owner=False)
    values = {name: getattr(settings, name) for name in settings.__struct_fields__}
    database = Database(type(settings)(**{**values, **changed}))
    await database.open()
    return database


async def test_the_pool_forgets_the_practice(installation: Installation) -> None:
    """The setting is '' afterwards, not absent, and ''::uuid would raise; the policies must read it as nobody."""
    database = await open_database(installation, connections=1)
    try:
        async with database.practice(RIVERSIDE.id):
            assert await practices.public_link() == installation.link
        async with database.credential("nobody's"):
            assert await practices.public_link() is None
    finally:
        await database.close()


async def test_transactions_are_never_nested(installation: Installation) -> None:
    database = await open_database(installation)
    try:
        async with database.practice(RIVERSIDE.id):
            with pytest.raises(NestedTransaction):
                async with database.practice(HARBOUR.id):
                    pass
        # and the first one left nothing behind
        async with database.practice(HARBOUR.id):
            pass
    finally:
        await database.close()


@pytest.mark.parametrize("role", ["owner", "superuser"])
async def test_refuses_to_start_with_a_role_above_the_policies(installation: Installation, role: str) -> None:
    postgres = installation.postgres
    user, password = {
        "owner": (postgres.owner_user, postgres.owner_password),
        "superuser": ("postgres", postgres.superuser_password),
    }[role]
    database = await open_database(installation, user=user, password=password)
    try:
        with pytest.raises(UnsafeDatabase, match="application role"):
            await database.refuse_if_unsafe()
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("make", "drop", "named"),
    [
        ("CREATE TABLE careless (id int, practice_id uuid)", "DROP TABLE careless", "table careless"),
        ("ALTER TABLE line NO FORCE ROW LEVEL SECURITY", "ALTER TABLE line FORCE ROW LEVEL SECURITY", "table line"),
        ("ALTER TABLE flag DISABLE ROW LEVEL SECURITY", "ALTER TABLE flag ENABLE ROW LEVEL SECURITY", "table flag"),
        ("CREATE VIEW everyone AS SELECT * FROM person", "DROP VIEW everyone", "view everyone"),
    ],
)
async def test_refuses_to_start_with_a_table_that_is_not_guarded(
    installation: Installation, make: str, drop: str, named: str
) -> None:
    database = await open_database(installation)
    try:
        await database.refuse_if_unsafe()
        async with installation.rows() as rows:
            await rows.execute(make)
        try:
            with pytest.raises(UnsafeDatabase, match=named):
                await database.refuse_if_unsafe()
        finally:
            async with installation.rows() as rows:
                await rows.execute(drop)
    finally:
        await database.close()


async def test_migrations_may_run_again_and_at_the_same_time(installation: Installation) -> None:
    """Two machines that start at once: one works, the other waits for it, both end well."""
    async with installation.rows() as rows:
        before = await rows.fetch("SELECT name, ran_on FROM migration ORDER BY name")
    assert len(before) >= 2
    again = asyncio.to_thread(installation.run, "server.migrate", owner=True)
    beside = asyncio.to_thread(installation.run, "server.migrate", owner=True)
    await asyncio.gather(again, beside)
    async with installation.rows() as rows:
        assert await rows.fetch("SELECT name, ran_on FROM migration ORDER BY name") == before
