"""Signalling over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody

from server.auth.access import MONITOR, Principal, SignedIn, anybody, only
from server.calls.placement import MediaWorkers
from server.calls.schemas import Answer, IceServers, Offer, PlaceCall, PlacedCall, Present
from server.calls.switchboard import Switchboard
from server.calls.turn import Turn
from server.database import Database
from server.errors import Problem
from server.practices import store as practices
from server.practices.lines import open_line
from server.practices.schemas import Line

CallToken = Annotated[str, HeaderParameter(name="X-Call-Token", max_length=100)]
"""What `POST .../calls` gave this caller. A header of our own: no other site's page can send it without asking us."""


@get("/api/lines/{link:str}", opt=anybody())
async def line(
    link: FromPath[str], database: NamedDependency[Database], media_workers: NamedDependency[MediaWorkers]
) -> Line:
    """Whose line this is. Raises Problem `unknown-line` (404) or `line-expired` (410)."""
    found = await open_line(database, link)
    async with database.practice(found.practice_id):
        practice = await practices.get_practice(found.practice_id)
    if practice is None:
        raise Problem("unknown-line")
    return Line(practice.name, found.name, practice.emergency_number, media_workers.has_room)


@post("/api/lines/{link:str}/calls", opt=anybody())
async def place(
    link: FromPath[str], data: JSONBody[PlaceCall], switchboard: NamedDependency[Switchboard]
) -> PlacedCall:
    """Place a call. Nobody is rung before the caller's offer arrives."""
    return await switchboard.place(link, data.analyse)


@get("/api/calls/{call_id:uuid}/patient-ice-servers", opt=anybody())
async def patient_ice_servers(
    call_id: FromPath[UUID],
    call_token: CallToken,
    switchboard: NamedDependency[Switchboard],
    turn: NamedDependency[Turn],
) -> IceServers:
    """What helps the caller's browser through its firewall, asked before each offer, while the call lasts."""
    call = await switchboard.call_of_caller(call_id, call_token)
    if call.state == "ended":
        raise Problem("call-over")
    return turn.servers_for(call_id)


@post("/api/calls/{call_id:uuid}/patient-leg", opt=anybody(), status_code=200)
async def patient_leg(
    call_id: FromPath[UUID], data: JSONBody[Offer], call_token: CallToken, switchboard: NamedDependency[Switchboard]
) -> Answer:
    """Connect the caller's sound, the first time or again."""
    return Answer(await switchboard.join_patient(call_id, call_token, data.sdp))


@post("/api/calls/{call_id:uuid}/patient-hang-up", opt=anybody(), status_code=204)
async def patient_hang_up(
    call_id: FromPath[UUID], call_token: CallToken, switchboard: NamedDependency[Switchboard]
) -> None:
    """The caller hangs up, ringing or answered."""
    await switchboard.patient_hang_up(call_id, call_token)


@post("/api/calls/{call_id:uuid}/answer", opt=only("agent", scopes=(MONITOR,)), status_code=200)
async def answer(
    call_id: FromPath[UUID],
    data: JSONBody[Offer],
    request: Request[Principal, Any, State],
    switchboard: NamedDependency[Switchboard],
) -> Answer:
    """Take a ringing call. Of two agents at the same time one gets the call, the other `call-taken`.

    Whoever has the call already connects again: their page was reloaded or their network changed.
    """
    return Answer(await switchboard.answer(call_id, request.user, data.sdp))


@get("/api/calls/{call_id:uuid}/ice-servers", opt=only("agent", scopes=(MONITOR,)))
async def ice_servers(
    call_id: FromPath[UUID],
    request: Request[Principal, Any, State],
    switchboard: NamedDependency[Switchboard],
    turn: NamedDependency[Turn],
) -> IceServers:
    """The same for whoever may answer this call, or has it."""
    await switchboard.refuse_unless_open(call_id, request.user)
    return turn.servers_for(call_id)


@get("/api/calls/current", opt=only("agent"))
async def current(request: Request[SignedIn, Any, State], switchboard: NamedDependency[Switchboard]) -> Present:
    """The call this agent is in, if any."""
    return await switchboard.present(request.user)


@post("/api/calls/{call_id:uuid}/hang-up", opt=only("agent", scopes=(MONITOR,)), status_code=204)
async def hang_up(
    call_id: FromPath[UUID], request: Request[Principal, Any, State], switchboard: NamedDependency[Switchboard]
) -> None:
    """Whoever answered hangs up."""
    await switchboard.agent_hang_up(call_id, request.user)
