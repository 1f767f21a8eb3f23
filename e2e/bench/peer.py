"""The other arm: Pipecat with the same weights, each leg a connection of its own, our matcher on its transcripts."""

import asyncio
import json
import os
import subprocess
import time
from pathlib import Path

import httpx2 as httpx

from e2e.bench.conversation import Conversation
from e2e.bench.figures import Arrival, Played
from e2e.bench.processes import Processes
from rtc.coaching.coach import Coach
from rtc.coaching.hearing import Heard
from rtc.coaching.playbook import load as load_playbook
from rtc.messages import Cue, Leg
from rtc.synthetic.call import Network
from rtc.synthetic.network import loss
from rtc.synthetic.peer import SyntheticPeer
from rtc.synthetic.sound import Player
from server.engines import free_port

FOLDER = Path(__file__).parent
READY_SECONDS = 60
STAGGER_SECONDS = 0.7
TAIL_SECONDS = 4.0


class Pipecat:
    """`pipecat_peer.py` in an environment of its own. Its pipelines outlive their calls, so it is stopped after each
    measurement."""

    def __init__(self, python: Path, weights: Path, tuned: bool, log: Path) -> None:
        self.name = "pipecat tuned" if tuned else "pipecat"
        self._command = [str(python), str(FOLDER / "pipecat_peer.py"), "--model", str(weights)]
        self._command += ["--tuned"] if tuned else []
        self._log = log
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("w") as output:
            self._process = subprocess.Popen(
                [*self._command, "--port", str(self._port)], stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Pipecat did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.2)

    def _listens(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/", timeout=2).status_code > 0
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()  # it waits for its pipelines otherwise, and they do not end by themselves
            self._process.wait(30)

            self._process = None

    def processes(self) -> Processes:
        return {"pipecat": [self._process.pid]} if self._process is not None else {}

    def run(self, conversation: Conversation, calls: int, network: Network) -> tuple[list[Played], float]:
        before = os.times()
        played = asyncio.run(self._calls(conversation, calls, network))
        after = os.times()
        return played, after.user + after.system - before.user - before.system

    async def _calls(self, conversation: Conversation, calls: int, network: Network) -> list[Played]:
        async def one(number: int) -> Played:
            await asyncio.sleep(number * STAGGER_SECONDS)
            return await _Call(number, conversation, network, f"http://127.0.0.1:{self._port}/offer").run()

        return await asyncio.gather(*(one(number) for number in range(calls)))


class _Call:
    """Two legs of one conversation and one coach, as in our own `speech` process."""

    def __init__(self, number: int, conversation: Conversation, network: Network, url: str) -> None:
        self._number = number
        self._network = network
        self._url = url
        self._coach = Coach(load_playbook("gp-reception"))
        self._played = Played([], {})
        self._count = 0
        self._players = {leg: Player(packets, conversation.quiet) for leg, packets in conversation.packets.items()}

    async def run(self) -> Played:
        peers = [await self._connect(leg) for leg in self._players]
        await asyncio.gather(*(peer.connected.wait() for peer in peers))
        if not self._network.clear:
            for seed, peer in enumerate(peers, start=2 * self._number):
                peer.lose(self._network.sound(seed), loss(self._network.loss, seed))
        for player in self._players.values():
            player.play()
        await asyncio.gather(*(player.played.wait() for player in self._players.values()))
        await asyncio.sleep(TAIL_SECONDS)
        for peer in peers:
            await peer.close()
        return self._played

    async def _connect(self, leg: Leg) -> SyntheticPeer:
        peer = SyntheticPeer(self._players[leg], [], lambda text: self._transcript(leg, text))
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.post(self._url, json={"sdp": await peer.offer(), "type": "offer"})
        await peer.accept(answer.json()["sdp"])
        return peer

    def _transcript(self, leg: Leg, text: str) -> None:
        started = self._players["patient"].started_at
        said = json.loads(text).get("text") if text.startswith("{") else None
        if not said or started is None:
            return
        at = time.monotonic() - started
        self._count += 1
        self._played.words[leg] = f"{self._played.words.get(leg, '')} {said}".strip()
        heard = Heard(f"{leg}-{self._count}", leg, said, True, at - 1, at)
        for message in self._coach.hear(heard):
            if isinstance(message, Cue):
                self._played.arrivals.append(Arrival(message.label, at))
