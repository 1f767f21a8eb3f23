"""HTTP and WebSocket shapes of a call."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from rtc.messages import MAX_SDP_CHARS, Lane, Ping

CallState = Literal["ringing", "answered", "connected", "ended"]
EndedBy = Literal["agent", "patient", "server"]


# --- HTTP ------------------------------------------------------------------------------------------------------


class PlaceCall(Struct, frozen=True):
    """`analyse` false: the patient asked to be put through without analysis."""

    analyse: bool


class PlacedCall(Struct, frozen=True):
    """`token` proves to later requests that they come from this caller. Shown once."""

    call_id: UUID
    token: str


class Offer(Struct, frozen=True):
    """A browser's session description, type offer (RFC 8866, RFC 9429)."""

    sdp: Annotated[str, Meta(max_length=MAX_SDP_CHARS)]


class IceServer(Struct, frozen=True):
    """An RTCIceServer, with credentials that end by themselves."""

    urls: list[str]
    username: str
    credential: str


class IceServers(Struct, frozen=True):
    """Empty unless this installation has TURN servers of its own."""

    ice_servers: list[IceServer]


class CurrentCall(Struct, frozen=True):
    """The call this agent is in, for a page that was reloaded."""

    call_id: UUID
    line: str
    since: str
    """When it was answered, UTC, RFC 3339; a server that was started since knows only the minute it was placed."""
    analyse: bool


class Present(Struct, frozen=True):
    """What this agent is doing now. `call` is None between calls."""

    call: CurrentCall | None


class Answer(Struct, frozen=True):
    """The session description of type answer."""

    sdp: str


# --- /ws/agent: server -> browser -------------------------------------------------------------------------------


class Ring(Struct, frozen=True, tag="ring"):
    """A caller is waiting. `since` is UTC, RFC 3339."""

    call_id: UUID
    line: str
    since: str


class RingStopped(Struct, frozen=True, tag="ring_stopped"):
    call_id: UUID
    reason: Literal["answered", "abandoned"]


class AgentCallState(Struct, frozen=True, tag="call_state"):
    """About the call this agent answered. `interrupted`: the caller's connection was lost and is waited for, until
    `connected` or `ended`. `by` says who ended it."""

    call_id: UUID
    state: Literal["connected", "interrupted", "ended"]
    by: EndedBy | None


class Presence(Struct, frozen=True, tag="presence"):
    """Whether calls ring here, as the server sees it."""

    available: bool


class Pong(Struct, frozen=True, tag="pong"):
    pass


class HelpWanted(Struct, frozen=True, tag="help_wanted"):
    """For managers: a colleague's call may need them. `lane` says how urgent it is; what is the matter is not told."""

    call_id: UUID
    agent: str
    line: str
    lane: Lane


AgentSocketOut = Ring | RingStopped | AgentCallState | Presence | HelpWanted | Pong


# --- /ws/agent: browser -> server -------------------------------------------------------------------------------


class Available(Struct, frozen=True, tag="available"):
    value: bool


AgentSocketIn = Available | Ping


# --- /ws/caller/{call_id} ---------------------------------------------------------------------------------------


class Join(Struct, frozen=True, tag="join"):
    """First message of the caller's page."""

    token: str


class CallerCallState(Struct, frozen=True, tag="call_state"):
    """`interrupted`: reception's connection was lost and is waited for, until `answered` or `ended`."""

    state: Literal["ringing", "answered", "interrupted", "ended"]
    by: EndedBy | None


CallerSocketIn = Join | Ping
CallerSocketOut = CallerCallState | Pong
