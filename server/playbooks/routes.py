"""The practice's playbooks, for its manager."""

from uuid import UUID

from litestar import Request, Response, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from rtc.published_playbook import MAX_PLAYBOOK_BYTES
from server.auth.access import SignedIn, only
from server.database import Database
from server.errors import Problem
from server.playbooks import publishing, service, starters
from server.playbooks.runs import Runs
from server.playbooks.schemas import (
    DraftText,
    LinePlaybook,
    NewDraft,
    NewPlaybook,
    Playbooks,
    PracticePlaybook,
    Publication,
    VersionText,
)

MAX_TEXTS_BYTES = 2 * MAX_PLAYBOOK_BYTES + 400_000
"""A playbook and its cases, with room for what JSON adds to quotes and line ends."""

Manager = Request[SignedIn, None, State]
MANAGER = only("manager")


@get("/api/playbooks", opt=MANAGER)
async def playbooks(request: Manager, database: NamedDependency[Database]) -> Playbooks:
    """The practice's playbooks, ours to begin from, and which line uses which."""
    return await service.overview(database, request.user)


@post("/api/playbooks", opt=MANAGER, request_max_body_size=MAX_TEXTS_BYTES)
async def begin(
    request: Manager, data: JSONBody[NewPlaybook], database: NamedDependency[Database], runs: NamedDependency[Runs]
) -> PracticePlaybook:
    """Begin a playbook as a draft. Calls do not change before it is published."""
    return await service.begin(database, runs, request.user, data)


@get("/api/playbooks/{playbook_id:uuid}", opt=MANAGER)
async def playbook(
    request: Manager,
    playbook_id: FromPath[UUID],
    database: NamedDependency[Database],
    runs: NamedDependency[Runs],
) -> PracticePlaybook:
    """One playbook with its draft, checked, and its versions."""
    return await service.one(database, runs, request.user, playbook_id)


@post("/api/playbooks/{playbook_id:uuid}/draft", opt=MANAGER)
async def begin_draft(
    request: Manager,
    playbook_id: FromPath[UUID],
    data: JSONBody[NewDraft],
    database: NamedDependency[Database],
    runs: NamedDependency[Runs],
) -> PracticePlaybook:
    """Begin a draft as a copy of a published version."""
    return await service.begin_draft(database, runs, request.user, playbook_id, data.number)


@put("/api/playbooks/{playbook_id:uuid}/draft", opt=MANAGER, request_max_body_size=MAX_TEXTS_BYTES)
async def save(
    request: Manager,
    playbook_id: FromPath[UUID],
    data: JSONBody[DraftText],
    database: NamedDependency[Database],
    runs: NamedDependency[Runs],
) -> PracticePlaybook:
    """Save the draft and check it. Also a faulty one is kept; it is only not published.

    At most 400 kB each for the playbook and its cases. Cases are sentences you made up: never type in what a patient
    said, nor anything else about one. They are stored (GDPR Art. 5(1)(c)).
    """
    return await service.save(database, runs, request.user, playbook_id, data)


@post("/api/playbooks/{playbook_id:uuid}/draft/discard", opt=MANAGER, status_code=204)
async def discard(request: Manager, playbook_id: FromPath[UUID], database: NamedDependency[Database]) -> None:
    """Throw the draft away; a playbook that was never published goes with it."""
    await service.discard(database, request.user, playbook_id)


@post("/api/playbooks/{playbook_id:uuid}/draft/run", opt=MANAGER, status_code=200)
async def run(
    request: Manager,
    playbook_id: FromPath[UUID],
    database: NamedDependency[Database],
    runs: NamedDependency[Runs],
) -> Stream:
    """Run the draft's cases. Answers in lines of JSON: progress, then the result (RunAnswer)."""
    lines = await publishing.run(database, runs, request.user, playbook_id)
    return Stream(lines, media_type="application/x-ndjson")


@post("/api/playbooks/{playbook_id:uuid}/publish", opt=MANAGER)
async def publish(
    request: Manager,
    playbook_id: FromPath[UUID],
    data: JSONBody[Publication],
    database: NamedDependency[Database],
    runs: NamedDependency[Runs],
) -> PracticePlaybook:
    """Run the cases and publish the draft as the next version, for calls placed from now on.

    Refused, and the version in use stays, if the draft is faulty (`bad-playbook`) or a case of a safety cue fails
    (`safety-case-failed`); `faults` say which.
    """
    return await publishing.publish(database, runs, request.user, playbook_id, data.revision)


@post("/api/playbooks/{playbook_id:uuid}/archive", opt=MANAGER, status_code=200)
async def archive(
    request: Manager,
    playbook_id: FromPath[UUID],
    database: NamedDependency[Database],
    runs: NamedDependency[Runs],
) -> PracticePlaybook:
    """Take it out of use; its versions are kept. Publishing a draft of it brings it back."""
    return await publishing.archive(database, runs, request.user, playbook_id)


@get("/api/playbooks/{playbook_id:uuid}/versions/{number:int}", opt=MANAGER)
async def version(
    request: Manager, playbook_id: FromPath[UUID], number: FromPath[int], database: NamedDependency[Database]
) -> VersionText:
    """The text of a published version."""
    return await service.version_text(database, request.user, playbook_id, number)


@get("/api/playbooks/{playbook_id:uuid}/versions/{number:int}/playbook.yaml", opt=MANAGER)
async def version_file(
    request: Manager, playbook_id: FromPath[UUID], number: FromPath[int], database: NamedDependency[Database]
) -> Response[bytes]:
    """The same as a file."""
    found = await service.version_text(database, request.user, playbook_id, number)
    return _file(found.source, f"playbook-v{number}.yaml")


@get("/api/playbooks/{playbook_id:uuid}/draft/playbook.yaml", opt=MANAGER)
async def draft_file(
    request: Manager, playbook_id: FromPath[UUID], database: NamedDependency[Database]
) -> Response[bytes]:
    """The draft as a file."""
    async with database.practice(request.user.practice_id):
        found = await service.get(playbook_id)
    return _file(service.job_of(found, []).source, f"{found.name}-draft.yaml")


@get("/api/starter-playbooks/{name:str}", opt=MANAGER, sync_to_thread=True)
def starter(name: FromPath[str]) -> VersionText:
    """The text of one of ours, without its cases."""
    if name not in starters.names():
        raise Problem("unknown-playbook")
    return VersionText(starters.version_of(name), starters.yaml_of(name), "")


@get("/api/starter-playbooks/{name:str}/playbook.yaml", opt=MANAGER, sync_to_thread=True)
def starter_file(name: FromPath[str]) -> Response[bytes]:
    """The same as a file."""
    if name not in starters.names():
        raise Problem("unknown-playbook")
    return _file(starters.yaml_of(name), f"{name}.yaml")


@put("/api/practice/lines/{line_id:uuid}/playbook", opt=MANAGER)
async def choose(
    request: Manager,
    line_id: FromPath[UUID],
    data: JSONBody[LinePlaybook],
    database: NamedDependency[Database],
    runs: NamedDependency[Runs],
) -> Playbooks:
    """Which playbook calls on this line get from now on."""
    await publishing.set_line(database, runs, request.user, line_id, data.playbook)
    return await service.overview(database, request.user)


def _file(text: str, name: str) -> Response[bytes]:
    """Names are letters, digits, hyphens and dots, so they need no quoting (RFC 6266)."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text.encode(), media_type="application/yaml; charset=utf-8", headers=headers)
