"""`python -m server.demo [--rotate-monitor-token]`: two demo practices with people, lines and a monitor.

Idempotent: what is there stays. Prints one JSON object: {"practices": [{"name", "line_link", "people": [...]}],
"monitor_token"}. The token is printed when it is made, only then; --rotate-monitor-token makes a new one.
"""

import argparse
import asyncio
import secrets
import sys
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_DNS, UUID, uuid5

import asyncpg
import msgspec
from msgspec import Struct

from rtc.settings import SettingsError
from server.auth import store as accounts
from server.auth.access import MONITOR, Role
from server.auth.sessions import new_token, token_hash
from server.database import Database
from server.practices import store as practices
from server.settings import MigrationSettings, load_migration

TOKEN_DAYS = 365
LINK_BYTES = 9
"""72 random bits: a link cannot be guessed, and still fits into a text message."""


class DemoPerson(Struct, frozen=True):
    """`login` is the subject at the demo's identity provider: what a person types there."""

    login: str
    name: str
    email: str
    roles: list[Role]


class DemoPractice(Struct, frozen=True):
    name: str
    kind: str
    playbook: str
    domain: str
    people: list[tuple[str, str, Role]]
    vocabulary: list[str]

    @property
    def id(self) -> UUID:
        """The same on every run, so a second run finds what the first made."""
        return uuid5(NAMESPACE_DNS, self.domain)


class PracticeSummary(Struct, frozen=True):
    name: str
    line_link: str
    people: list[DemoPerson]


class Summary(Struct, frozen=True):
    practices: list[PracticeSummary]
    monitor_token: str | None


RIVERSIDE = DemoPractice(
    "Riverside Surgery",
    "gp",
    "gp-reception",
    "riverside.example",
    [
        ("tom.agent", "Tom Hayes", "agent"),
        ("asha.agent", "Asha Patel", "agent"),
        ("maria.manager", "Maria Doyle", "manager"),
        ("dora.dpo", "Dora Lindqvist", "dpo"),
        ("ada.admin", "Ada Brennan", "admin"),
    ],
    [
        "Dr Okonkwo",
        "Dr Venkataraman",
        "Nurse Nowak",
        "Ashgrove Road",
        "Penhallow Street",
        "St Mary's Hospital",
        "amoxicillin",
        "levothyroxine",
        "ramipril",
        "salbutamol",
    ],
)
HARBOUR = DemoPractice(
    "Harbour Dental",
    "dental",
    "dental",
    "harbour.example",
    [
        ("ben.agent", "Ben Costa", "agent"),
        ("ines.agent", "Ines Moreau", "agent"),
        ("hugo.manager", "Hugo Keller", "manager"),
        ("petra.dpo", "Petra Novak", "dpo"),
        ("alan.admin", "Alan Byrne", "admin"),
    ],
    [
        "Dr Achterberg",
        "Dr Nkemelu",
        "Tolcarne Terrace",
        "Quayside",
        "Royal Harbour Hospital",
        "chlorhexidine",
        "metronidazole",
        "articaine",
    ],
)


async def fill(settings: MigrationSettings, rotate: bool) -> Summary:
    """Raises OSError or asyncpg.PostgresError."""
    database = Database(settings.database)
    await database.open()
    try:
        summaries = [await _fill_practice(database, demo, settings.identity.issuer) for demo in (RIVERSIDE, HARBOUR)]
        return Summary(summaries, await _monitor_token(database, rotate))
    finally:
        await database.close()


async def _fill_practice(database: Database, demo: DemoPractice, issuer: str) -> PracticeSummary:
    people = [DemoPerson(login, name, f"{login}@{demo.domain}", [role]) for login, name, role in demo.people]
    async with database.practice(demo.id):
        await practices.ensure_practice(demo.id, demo.name, demo.kind, "999", demo.vocabulary)
        for person in people:
            row = accounts.PersonRow(
                id=uuid5(demo.id, person.login),
                practice_id=demo.id,
                practice_name=demo.name,
                name=person.name,
                email=person.email,
                roles=list(person.roles),
                disabled=False,
            )
            await accounts.ensure_person(row, issuer, person.login)
        for name, monitor in (("Reception", False), ("Monitoring", True)):
            line = practices.LineRow(uuid5(demo.id, name), demo.id, name, demo.playbook, monitor, expires_at=None)
            await practices.ensure_line(demo.id, line, secrets.token_urlsafe(LINK_BYTES))
        link = await practices.public_link()
    return PracticeSummary(demo.name, link or "", people)


async def _monitor_token(database: Database, rotate: bool) -> str | None:
    """A new token where there is none or a new one is wanted, else None: only its hash is kept."""
    token = new_token()
    account = accounts.AccountRow(
        id=uuid5(RIVERSIDE.id, MONITOR),
        practice_id=RIVERSIDE.id,
        name="Monitor",
        scopes=[MONITOR],
        expires_at=datetime.now(UTC) + timedelta(days=TOKEN_DAYS),
    )
    async with database.practice(RIVERSIDE.id):
        made = await accounts.ensure_account(account, token_hash(token), rotate)
    return token if made else None


def main() -> int:
    """0, or 1 after one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="python -m server.demo", description="Fill the two demo practices.")
    parser.add_argument("--rotate-monitor-token", action="store_true", help="make and print a new monitor token")
    arguments = parser.parse_args()
    try:
        summary = asyncio.run(fill(load_migration(), arguments.rotate_monitor_token))
    except (SettingsError, OSError, asyncpg.PostgresError) as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
