"""Placing, ringing, answering and ending calls: the rows in the database, the media workers and the browsers."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from msgspec import structs

from rtc import bus as subjects
from rtc.bus import Bus, Unreachable
from rtc.messages import CallPlan, HangUp, Leg, LegAnswer, LegEvent, LegOffer, Refusal, Reply, SupervisorAlert
from rtc.published_playbook import PublishedPlaybook
from server.auth.access import Principal, Program, SignedIn
from server.auth.sessions import new_token, token_hash
from server.calls import store
from server.calls.news import CallNews
from server.calls.placement import MediaWorkers
from server.calls.schemas import CurrentCall, EndedBy, HelpWanted, PlacedCall, Present
from server.calls.session_description import check_offer
from server.calls.sockets import AgentSocket, Sockets
from server.database import Database
from server.errors import Problem
from server.logs import log
from server.playbooks import store as playbooks
from server.practices import store as practices
from server.practices.lines import open_line

JOIN_MINUTES = 2
"""A caller who placed a call but sent no offer for so long has left."""


class Switchboard:
    """One per server process. Any process may serve any request of a call: the row and the bus tie them together."""

    def __init__(self, database: Database, workers: MediaWorkers, sockets: Sockets, bus: Bus) -> None:
        self._database = database
        self._workers = workers
        self._sockets = sockets
        self._bus = bus
        self._on_end: Callable[[UUID, UUID], None] = lambda _practice_id, _call_id: None

    def on_end(self, expect: Callable[[UUID, UUID], None]) -> None:
        """Told the practice and the id of each answered call that ends here."""
        self._on_end = expect

    # --- the caller -------------------------------------------------------------------------------------------

    async def place(self, link: str, analyse: bool) -> PlacedCall:
        """Raises Problem `unknown-line`, `line-expired` or `no-media`."""
        line = await open_line(self._database, link)
        worker = self._workers.pick()
        if worker is None:
            raise Problem("no-media")
        token, now = new_token(), datetime.now(UTC)
        call = store.CallRow(
            id=uuid4(),
            practice_id=line.practice_id,
            state="ringing",
            monitor=line.monitor,
            analyse=analyse,
            playbook=line.playbook,
            playbook_version_id=None,
            media_worker=worker,
            patient_joined=False,
            person_id=None,
            service_account_id=None,
            ended_by=None,
        )
        async with self._database.practice(line.practice_id):
            await store.end_never_joined(now - timedelta(minutes=JOIN_MINUTES))
            # A version published from here on is for the calls after this one.
            if version := await playbooks.in_force(line.playbook):
                call = structs.replace(call, playbook_version_id=version.id)
            await store.add_call(call, line.id, token_hash(token), now.replace(second=0, microsecond=0))
        return PlacedCall(call.id, token)

    async def call_of_caller(self, call_id: UUID, token: str) -> store.CallRow:
        """Raises Problem `wrong-call-token`, also for a call that does not exist."""
        hashed = token_hash(token)
        async with self._database.credential(hashed):
            call = await store.get_call(call_id)
        if call is None:
            raise Problem("wrong-call-token")
        return call

    async def join_patient(self, call_id: UUID, token: str, sdp: str) -> str:
        """Connect the caller; the first time, agents begin to ring. Returns the answer.

        Raises Problem `wrong-call-token`, `call-over`, `bad-session-description` or `media-unreachable`.
        """
        call = await self.call_of_caller(call_id, token)
        if call.state == "ended":
            raise Problem("call-over")
        check_offer(sdp)
        answer = await self._connect(call, "patient", sdp)
        async with self._database.practice(call.practice_id):
            first = await store.mark_joined(call_id)
            line = await store.line_name(call_id)
        if first and not call.monitor:
            since = datetime.now(UTC).isoformat(timespec="seconds")
            await self._spread(CallNews(call.practice_id, call_id, "ringing", line=line, since=since))
        return answer

    async def patient_hang_up(self, call_id: UUID, token: str) -> None:
        """Raises Problem `wrong-call-token`. A call that is over stays over."""
        call = await self.call_of_caller(call_id, token)
        await self.end(call.practice_id, call_id, "patient")

    # --- the agent --------------------------------------------------------------------------------------------

    async def answer(self, call_id: UUID, principal: Principal, sdp: str) -> str:
        """Take the call and connect the agent, or connect again who has it already. Returns the answer.

        Raises Problem `unknown-call`, `call-taken`, `call-over`, `bad-session-description` or `media-unreachable`;
        after the last two a call that was ringing rings again.
        """
        check_offer(sdp)
        person_id = principal.person_id if isinstance(principal, SignedIn) else None
        account_id = principal.account_id if isinstance(principal, Program) else None
        async with self._database.practice(principal.practice_id):
            claimed = await store.claim(call_id, person_id, account_id)
            call = claimed or _own(await store.get_call(call_id), principal)
        if claimed is None:
            return await self._connect(call, "agent", sdp)
        try:
            answer = await self._connect(call, "agent", sdp)
        except BaseException:
            # Also when the request is cancelled: a claim nobody holds would leave the caller waiting for ever.
            await asyncio.shield(self._release(call))
            raise
        await self._spread(CallNews(call.practice_id, call_id, "answered", person_id=person_id))
        return answer

    async def refuse_unless_open(self, call_id: UUID, principal: Principal) -> None:
        """Raises Problem `unknown-call`, `call-over` or `call-taken` unless this principal may answer it, or has it."""
        async with self._database.practice(principal.practice_id):
            call = await store.get_call(call_id)
        if call is None or call.state != "ringing":
            _own(call, principal)

    async def present(self, person: SignedIn) -> Present:
        """The call this agent is in, for a page that was reloaded or is open twice."""
        async with self._database.practice(person.practice_id):
            call = await store.current_call(person.person_id)
        if call is None:
            return Present(None)
        since = self._sockets.answered_at(call.id) or call.started_at.isoformat(timespec="seconds")
        return Present(CurrentCall(call.id, call.line, since, call.analyse))

    async def agent_hang_up(self, call_id: UUID, principal: Principal) -> None:
        """Raises Problem `unknown-call` unless this principal answered it. A call that is over stays over."""
        async with self._database.practice(principal.practice_id):
            call = await store.get_call(call_id)
        if call is None or not _is_of(call, principal):
            raise Problem("unknown-call")
        await self.end(call.practice_id, call_id, "agent")

    async def ring_waiting(self, socket: AgentSocket) -> None:
        """Ring what already waits, for an agent who just became available."""
        practice_id = socket.person.practice_id
        async with self._database.practice(practice_id):
            waiting = await store.waiting_calls()
        for call in waiting:
            if self._workers.is_gone(call.media_worker):
                await self.end(practice_id, call.id, "server")
                continue
            heard = self._sockets.waiting_since(practice_id, call.id)
            socket.ring(call.id, call.line, heard or call.started_at.isoformat(timespec="seconds"))

    # --- the end ----------------------------------------------------------------------------------------------

    async def end(self, practice_id: UUID, call_id: UUID, by: EndedBy) -> None:
        """End the call here, at media and in every browser. Does nothing for a call that is over."""
        async with self._database.practice(practice_id):
            call = await store.end(call_id, by)
        if call is None:
            return
        if call.person_id is not None or call.service_account_id is not None:
            self._on_end(practice_id, call_id)
        await self._spread(CallNews(practice_id, call_id, "ended", person_id=call.person_id, by=by))
        try:
            await self._bus.request(subjects.media_hangup(call.media_worker), HangUp(str(call_id), by))
        except Unreachable:
            log.warning("hang-up did not reach media", call_id=str(call_id), media_worker=call.media_worker)

    async def leg_changed(self, event: LegEvent) -> None:
        """What media noticed by itself."""
        call_id = UUID(event.call_id)
        async with self._database.credential(str(call_id)):
            call = await store.get_call(call_id)
        if call is None:
            return
        if event.state == "connected" and event.leg == "agent" and call.person_id is not None:
            self._sockets.tell_agent(call.practice_id, call.person_id, call_id, "connected")
        elif event.state in ("lost", "resumed") and call.state == "answered":
            self._tell_other_side(call, event)
        elif event.state == "ended":
            await self.end(call.practice_id, call_id, event.leg or "server")
        elif event.state == "closed" and event.leg == "patient" and call.state == "ringing":
            await self.end(call.practice_id, call_id, "patient")

    async def help_wanted(self, alert: SupervisorAlert) -> None:
        """A trigger of the playbook wants a manager to know."""
        call_id = UUID(alert.call_id)
        async with self._database.credential(str(call_id)):
            call = await store.get_call(call_id)
        if call is None or call.person_id is None:
            return
        async with self._database.practice(call.practice_id):
            agent, line = await store.agent_and_line(call_id)
        self._sockets.tell_managers(
            call.practice_id, HelpWanted(call_id, agent, line, alert.lane), about=call.person_id
        )

    def _tell_other_side(self, call: store.CallRow, event: LegEvent) -> None:
        back = event.state == "resumed"
        if event.leg == "agent":
            self._sockets.tell_caller(call.id, "answered" if back else "interrupted")
        elif call.person_id is not None:
            state: Literal["connected", "interrupted"] = "connected" if back else "interrupted"
            self._sockets.tell_agent(call.practice_id, call.person_id, call.id, state)

    async def worker_lost(self, worker_id: str) -> None:
        """End every call of a media worker that is gone: its sound is gone too."""
        async with self._database.credential(worker_id):
            calls = await store.calls_of_worker(worker_id)
        if calls:
            log.warning("media worker is gone", media_worker=worker_id, count=len(calls))
        # All at once: each waits for an answer that may never come, and every caller should know within seconds.
        async with asyncio.TaskGroup() as ending:
            for practice_id, call_id in calls:
                ending.create_task(self.end(practice_id, call_id, "server"))

    # --- inside -----------------------------------------------------------------------------------------------

    async def _connect(self, call: store.CallRow, leg: Leg, sdp: str) -> str:
        plan = await self._plan(call)
        try:
            reply = await self._bus.request(subjects.media_offer(call.media_worker), LegOffer(plan, leg, sdp))
        except Unreachable as error:
            raise Problem("media-unreachable") from error
        if isinstance(reply, LegAnswer):
            return reply.sdp
        raise _refused(reply)

    async def _plan(self, call: store.CallRow) -> CallPlan:
        """What media and speech may know of it. media keeps the plan of a call's first connection."""
        plan = CallPlan(str(call.id), str(call.practice_id), call.playbook, call.analyse)
        if not call.analyse:
            return plan
        async with self._database.practice(call.practice_id):
            words = await practices.vocabulary(call.practice_id)
            line = await store.line_name(call.id)
            version = call.playbook_version_id and await playbooks.version_by_id(call.playbook_version_id)
        published = PublishedPlaybook.of(version.number, version.source) if version else None
        return structs.replace(plan, vocabulary=words, line=line, published=published)

    async def _release(self, call: store.CallRow) -> None:
        async with self._database.practice(call.practice_id):
            await store.release(call.id)

    async def _spread(self, news: CallNews) -> None:
        try:
            await self._bus.publish(subjects.ring(str(news.practice_id)), news)
        except Unreachable:
            # Other processes miss it; the browsers here need not.
            self._sockets.spread(news)


def _own(call: store.CallRow | None, principal: Principal) -> store.CallRow:
    """The call that could not be claimed, if that is because this principal has it. Raises the Problem otherwise."""
    if call is None or call.monitor != isinstance(principal, Program):
        raise Problem("unknown-call")
    if call.state == "ended":
        raise Problem("call-over")
    if call.state != "answered" or not _is_of(call, principal):
        raise Problem("call-taken")
    return call


def _is_of(call: store.CallRow, principal: Principal) -> bool:
    if isinstance(principal, SignedIn):
        return call.person_id == principal.person_id
    return call.service_account_id == principal.account_id


def _refused(reply: Reply) -> Problem:
    """media's words are for the person; the code is ours."""
    detail = reply.detail if isinstance(reply, Refusal) else None
    if isinstance(reply, Refusal) and reply.code == "bad_session_description":
        return Problem("bad-session-description", detail)
    if isinstance(reply, Refusal) and reply.code in ("call_over", "call_ended"):
        return Problem("call-over", detail)
    return Problem("media-unreachable", detail)
