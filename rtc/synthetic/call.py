"""One synthetic call from dialling to its stored outcome."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from rtc.messages import Leg, ResumeListening
from rtc.synthetic.network import Fate, burst, loss
from rtc.synthetic.peer import SyntheticPeer
from rtc.synthetic.signalling import Signalling
from rtc.synthetic.sound import FRAME_S, Player

CONNECT_SECONDS = 15.0
TAIL_SECONDS = 2.0
"""After the last sound: time for the last cue."""
LATE_SECONDS = 15.0
"""A sound that is not played so long after it should have ended is taken by nobody."""
SCORECARD_SECONDS = 6.0
OUTCOME_SECONDS = 15.0
BURST_PACKETS = 25
CARD_SECONDS = 4.0
"""After a card number was noticed: the receptionist says that it is not wanted, and lets the call be heard again."""

Emit = Callable[[dict[str, Any]], None]


class Mark(Struct, frozen=True):
    """A spoken turn of the recording: who, what, and from when to when in seconds from its start."""

    speaker: Leg
    text: str
    start: float
    end: float


class Network(Struct, frozen=True):
    """What is lost on the way: a share of each side's sound and of what comes for the agent's page, and once, at
    `burst_s` of the recording, half a second of both sides' sound."""

    loss: float = 0.0
    burst_s: float | None = None

    def sound(self, seed: int) -> Fate:
        steady = loss(self.loss, seed)
        if self.burst_s is None:
            return steady
        return burst(int(self.burst_s / FRAME_S), BURST_PACKETS, steady, steady)

    @property
    def clear(self) -> bool:
        return self.loss == 0 and self.burst_s is None


class Recording(Struct, frozen=True):
    """Both legs as Opus packets, on one timeline, and what is said when (may be empty)."""

    agent: list[bytes]
    patient: list[bytes]
    marks: list[Mark]
    quiet: bytes
    network: Network = Network()


class CallFailed(Exception):
    """The call could not be placed, connected or accounted for. The text says at which step."""


class SyntheticCall:
    """Owner: the run. `number` names the call in the output."""

    def __init__(
        self,
        number: int,
        recording: Recording,
        signalling: Signalling,
        emit: Emit,
        analyse: bool,
        tail_s: float = TAIL_SECONDS,
    ) -> None:
        self._number = number
        self._tail_s = tail_s
        self._recording = recording
        self._signalling = signalling
        self._emit = emit
        self._analyse = analyse
        self._agent_voice = Player(recording.agent, recording.quiet)
        self._patient_voice = Player(recording.patient, recording.quiet)
        self._purged = asyncio.Event()

    async def run(self, link: str) -> None:
        """Raises CallFailed or SignallingError."""
        call_id, token = await self._signalling.place(link, self._analyse)
        patient = SyntheticPeer(self._patient_voice, self._recording.agent)
        agent = SyntheticPeer(self._agent_voice, self._recording.patient, lambda text: self._message(agent, text))
        try:
            await patient.accept(await self._signalling.patient_leg(call_id, token, await patient.offer()))
            await agent.accept(await self._signalling.answer(call_id, await agent.offer()))
            await self._both_connected(patient, agent)
            network = self._recording.network
            if not network.clear:
                for seed, peer in enumerate((patient, agent), start=2 * self._number):
                    peer.lose(network.sound(seed), loss(network.loss, seed))
            self._agent_voice.play()
            self._patient_voice.play()
            await self._both_played()
            await asyncio.sleep(self._tail_s)
            await self._signalling.patient_hang_up(call_id, token)
            await self._wait(self._purged, SCORECARD_SECONDS)
        finally:
            await agent.close()
            await patient.close()
        await self._account(call_id, self._sound(patient, agent))

    async def _both_connected(self, patient: SyntheticPeer, agent: SyntheticPeer) -> None:
        connected = asyncio.gather(patient.connected.wait(), agent.connected.wait())
        try:
            await asyncio.wait_for(connected, CONNECT_SECONDS)
        except TimeoutError as error:
            raise CallFailed("the legs did not connect: check the media addresses and ports") from error

    async def _both_played(self) -> None:
        """When media is gone for good, nobody takes the packets any more."""
        seconds = FRAME_S * max(len(self._recording.agent), len(self._recording.patient)) + LATE_SECONDS
        played = asyncio.gather(self._agent_voice.played.wait(), self._patient_voice.played.wait())
        try:
            await asyncio.wait_for(played, seconds)
        except TimeoutError as error:
            raise CallFailed("the connection was lost during the call: is media still running?") from error

    async def _wait(self, event: asyncio.Event, seconds: float) -> None:
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return

    def _message(self, agent: SyntheticPeer, text: str) -> None:
        arrived = time.monotonic()
        message = json.loads(text)
        if message["type"] == "purged":
            self._purged.set()
        if message["type"] == "listening" and message["state"] == "paused":
            asyncio.get_running_loop().call_later(CARD_SECONDS, agent.say, ResumeListening())
        started = self._patient_voice.started_at
        at_s = round(arrived - started, 3) if started is not None else None
        line: dict[str, Any] = {"call": self._number, "at_s": at_s, "message": message}
        if at_s is not None and message["type"] in ("cue", "caption"):
            line |= self._latency(message["leg"], at_s)
        self._emit(line)

    def _latency(self, leg: str, at_s: float) -> dict[str, Any]:
        """Seconds after the end of the turn it belongs to; negative when it came before the person had finished."""
        turns = [(n, mark) for n, mark in enumerate(self._recording.marks) if mark.speaker == leg and mark.start < at_s]
        if not turns:
            return {}
        number, mark = turns[-1]
        return {"turn": number, "latency_s": round(at_s - mark.end, 3)}

    def _sound(self, patient: SyntheticPeer, agent: SyntheticPeer) -> dict[str, Any]:
        """What each side heard of the other: packets, and how long they were on the way, second by second."""
        from_patient = agent.ear.delays_ms(self._patient_voice.started_at or 0.0)
        from_agent = patient.ear.delays_ms(self._agent_voice.started_at or 0.0)
        return {
            "packets_heard": {"agent": agent.ear.heard, "patient": patient.ear.heard},
            "delays_ms": {"agent": from_patient, "patient": from_agent},
        }

    async def _account(self, call_id: str, sound: dict[str, Any]) -> None:
        deadline = time.monotonic() + OUTCOME_SECONDS
        while (outcome := await self._signalling.outcome(call_id)) is None:
            if time.monotonic() > deadline:
                raise CallFailed(f"no outcome was stored within {OUTCOME_SECONDS:.0f} s")
            await asyncio.sleep(0.25)
        purge = outcome.pop("receipt", None)
        self._emit({"call": self._number, "outcome": outcome, "purge": purge, **sound})
