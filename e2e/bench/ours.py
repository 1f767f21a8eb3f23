"""The arm that is ours: a whole installation, calls placed through its public signalling."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from e2e.bench.conversation import Conversation
from e2e.bench.figures import Arrival, Played
from e2e.bench.processes import Processes, descendants
from rtc.messages import Leg
from rtc.synthetic.call import Network
from server.engines import free_port

ROOT = Path(__file__).parents[2]
READY_SECONDS = 90


class Ours:
    """`clinixcue up --demo` in a directory of its own. Started before each measurement and stopped after it."""

    def __init__(self, data_dir: Path, model: str = "tiny.en") -> None:
        self.name = "clinixcue" if model == "tiny.en" else f"clinixcue {model}"
        self._data_dir = data_dir
        self._model = model
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://localhost:{self._port}"

    def start(self) -> None:
        log = self._data_dir.parent / "up.log"
        command = [sys.executable, "-m", "server.cli", "up", "--demo", "--data-dir", str(self._data_dir)]
        environment = os.environ | {"CLINIXCUE_SPEECH_MODEL": self._model}
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [*command, "--port", str(self._port)],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + READY_SECONDS
        while "\nready https://" not in "\n" + log.read_text():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the installation did not start:\n{log.read_text()}")
            time.sleep(0.2)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def processes(self) -> Processes:
        """What a call costs: media, speech, and the rest (server, bus, supervisor; the database beside them)."""
        found: Processes = {"speech": [], "media": [], "rest": []}
        if self._process is not None:
            for pid, command in descendants(self._process.pid).items():
                name = next((name for name in ("media", "speech") if f"-m rtc.{name}" in command), "rest")
                found[name].append(pid)
        return found

    def run(self, conversation: Conversation, calls: int, network: Network) -> tuple[list[Played], float]:
        """What each call brought, and the generator's CPU seconds."""
        out = self._data_dir.parent / "calls.jsonl"
        command = [
            *(sys.executable, "-m", "rtc.synthetic", self.url),
            *("--agent", str(conversation.file("agent")), "--patient", str(conversation.file("patient"))),
            *("--calls", str(calls), "--out", str(out)),
            *("--token-file", str(self._data_dir / "monitor.token")),
            *("--loss", str(network.loss)),
        ]
        command += ["--burst-at", str(network.burst_s)] if network.burst_s is not None else []
        before = os.times()
        subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
        after = os.times()
        lines = [json.loads(line) for line in out.read_text().splitlines()]
        played = [_played([line for line in lines if line["call"] == number]) for number in range(calls)]
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        return played, cpu


def _played(lines: list[dict[str, Any]]) -> Played:
    messages = [line["message"] | {"at_s": line["at_s"]} for line in lines if "message" in line]
    cues = [Arrival(message["label"], message["at_s"]) for message in messages if message["type"] == "cue"]
    words: dict[Leg, str] = {}
    finals = [message for message in messages if message["type"] == "caption" and message["final"]]
    for caption in sorted(finals, key=lambda caption: float(caption["start"])):
        words[caption["leg"]] = f"{words.get(caption['leg'], '')} {caption['text']}".strip()
    [end] = [line for line in lines if "outcome" in line]
    return Played(cues, words, list(end["delays_ms"].values()))
