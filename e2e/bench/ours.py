"""The arm that is ours: a whole installation, calls placed through its public signalling."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from e2e.bench.conversation import Conversation
from e2e.bench.figures import Arrival
from e2e.bench.processes import descendants
from server.engines import free_port

ROOT = Path(__file__).parents[2]
READY_SECONDS = 90


class Ours:
    """`clinixcue up --demo` in a directory of its own. Start before measuring, stop at the end."""

    name = "clinixcue"

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = self._data_dir.parent / "up.log"
        command = [sys.executable, "-m", "server.cli", "up", "--demo", "--data-dir", str(self._data_dir)]
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [*command, "--port", str(self._port)], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
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

    def listening_processes(self) -> dict[str, int]:
        """media and speech: what a call costs."""
        if self._process is None:
            return {}
        commands = descendants(self._process.pid).items()
        return {name: pid for pid, command in commands for name in ("media", "speech") if f"-m rtc.{name}" in command}

    def run(self, conversation: Conversation, calls: int) -> tuple[list[list[Arrival]], float]:
        """Cue arrivals of each call, and the generator's CPU seconds."""
        out = self._data_dir.parent / "calls.jsonl"
        before = os.times()
        subprocess.run(
            [
                *(sys.executable, "-m", "rtc.synthetic", f"https://localhost:{self._port}"),
                *("--agent", str(conversation.file("agent")), "--patient", str(conversation.file("patient"))),
                *("--calls", str(calls), "--out", str(out)),
                *("--token-file", str(self._data_dir / "monitor.token")),
            ],
            cwd=ROOT,
            check=True,
            stderr=subprocess.DEVNULL,
        )
        after = os.times()
        lines = [json.loads(line) for line in out.read_text().splitlines()]
        arrivals: list[list[Arrival]] = [[] for _ in range(calls)]
        for line in lines:
            if line.get("message", {}).get("type") == "cue":
                arrivals[line["call"]].append(Arrival(line["message"]["label"], line["at_s"]))
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        return arrivals, cpu
