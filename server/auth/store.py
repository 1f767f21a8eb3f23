"""Rows of people, sessions, sign-in attempts and service accounts. Callers open the transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from msgspec import Struct

from server.tables import LoginSession, Person, ServiceAccount, SignInAttempt


class PersonRow(Struct, frozen=True):
    id: UUID
    practice_id: UUID
    practice_name: str
    name: str
    email: str
    roles: list[str]
    disabled: bool


class SessionRow(Struct, frozen=True):
    id: UUID
    practice_id: UUID
    person_id: UUID
    last_seen_at: datetime
    expires_at: datetime


class AttemptRow(Struct, frozen=True):
    browser_hash: str
    nonce: str
    code_verifier: str
    next_path: str
    expires_at: datetime


def person_credential(issuer: str, subject: str) -> str:
    """What the policy on `person` compares with; the pair is unique at the provider, so it is the person's key."""
    return f"{issuer} {subject}"


async def find_person_of(issuer: str, subject: str) -> tuple[UUID, UUID] | None:
    """(practice, person). In a credential transaction with `person_credential`."""
    row = (
        await Person.select(Person.practice_id, Person.id)
        .where((Person.issuer == issuer) & (Person.subject == subject))
        .first()
    )
    return None if row is None else (row["practice_id"], row["id"])


async def get_person(person_id: UUID) -> PersonRow | None:
    row: dict[str, Any] | None = (
        await Person.select(
            Person.id,
            Person.practice_id,
            Person.practice_id._.name.as_alias("practice_name"),
            Person.name,
            Person.email,
            Person.roles,
            Person.disabled_at,
        )
        .where(Person.id == person_id)
        .first()
    )
    if row is None:
        return None
    disabled = row.pop("disabled_at") is not None
    return PersonRow(**row, disabled=disabled)


async def add_session(practice_id: UUID, person_id: UUID, token_hash: str, now: datetime, expires_at: datetime) -> None:
    await LoginSession.insert(
        LoginSession(
            id=uuid4(),
            practice_id=practice_id,
            person_id=person_id,
            token_hash=token_hash,
            created_at=now,
            last_seen_at=now,
            expires_at=expires_at,
        )
    )


async def find_session(token_hash: str) -> SessionRow | None:
    """In a credential transaction with `token_hash`."""
    row = (
        await LoginSession.select(
            LoginSession.id,
            LoginSession.practice_id,
            LoginSession.person_id,
            LoginSession.last_seen_at,
            LoginSession.expires_at,
        )
        .where(LoginSession.token_hash == token_hash)
        .first()
    )
    return None if row is None else SessionRow(**row)


async def touch_session(session_id: UUID, now: datetime) -> None:
    await LoginSession.update({LoginSession.last_seen_at: now}).where(LoginSession.id == session_id)


async def drop_session(session_id: UUID) -> None:
    await LoginSession.delete().where(LoginSession.id == session_id)


async def drop_expired_sessions(now: datetime) -> None:
    await LoginSession.delete().where(LoginSession.expires_at < now)


async def add_attempt(state_hash: str, attempt: AttemptRow) -> None:
    """In a credential transaction with `state_hash`."""
    await SignInAttempt.insert(
        SignInAttempt(
            state_hash=state_hash,
            browser_hash=attempt.browser_hash,
            nonce=attempt.nonce,
            code_verifier=attempt.code_verifier,
            next_path=attempt.next_path,
            expires_at=attempt.expires_at,
        )
    )


async def drop_stale_attempts(now: datetime) -> None:
    await SignInAttempt.delete().where(SignInAttempt.expires_at < now)


async def take_attempt(state_hash: str) -> AttemptRow | None:
    """Removes what it returns: an attempt is used once. In a credential transaction with `state_hash`."""
    rows = (
        await SignInAttempt.delete()
        .where(SignInAttempt.state_hash == state_hash)
        .returning(
            SignInAttempt.browser_hash,
            SignInAttempt.nonce,
            SignInAttempt.code_verifier,
            SignInAttempt.next_path,
            SignInAttempt.expires_at,
        )
    )
    return AttemptRow(**rows[0]) if rows else None


class AccountRow(Struct, frozen=True):
    id: UUID
    practice_id: UUID
    name: str
    scopes: list[str]
    expires_at: datetime


async def find_account(token_hash: str) -> AccountRow | None:
    """In a credential transaction with `token_hash`."""
    row = (
        await ServiceAccount.select(
            ServiceAccount.id,
            ServiceAccount.practice_id,
            ServiceAccount.name,
            ServiceAccount.scopes,
            ServiceAccount.expires_at,
        )
        .where(ServiceAccount.token_hash == token_hash)
        .first()
    )
    return None if row is None else AccountRow(**row)


async def ensure_person(person: PersonRow, issuer: str, subject: str) -> None:
    """Add this person unless they are there. The provider may have moved since: then they are found at the new one."""
    if await Person.exists().where(Person.id == person.id):
        await Person.update({Person.issuer: issuer}).where((Person.id == person.id) & (Person.issuer != issuer))
        return
    await Person.insert(
        Person(
            id=person.id,
            practice_id=person.practice_id,
            issuer=issuer,
            subject=subject,
            name=person.name,
            email=person.email,
            roles=person.roles,
        )
    )


async def ensure_account(account: AccountRow, hashed: str, rotate: bool) -> bool:
    """Add this service account unless it is there. True if `hashed` is now its token: added, or `rotate`."""
    if await ServiceAccount.exists().where(ServiceAccount.id == account.id):
        if rotate:
            await ServiceAccount.update(
                {ServiceAccount.token_hash: hashed, ServiceAccount.expires_at: account.expires_at}
            ).where(ServiceAccount.id == account.id)
        return rotate
    await ServiceAccount.insert(
        ServiceAccount(
            id=account.id,
            practice_id=account.practice_id,
            name=account.name,
            token_hash=hashed,
            scopes=account.scopes,
            expires_at=account.expires_at,
        )
    )
    return True
