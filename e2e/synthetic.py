"""`clinixcue synthetic-call` as a process of its own, and the lines it prints."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from e2e.conftest import ROOT, Installation
from e2e.recordings import CALLS

Line = dict[str, Any]


class SyntheticRun:
    """One run. `calls` is a folder that holds `<call>.agent.*`, `<call>.patient.*` and `<call>.marks.json`."""

    def __init__(
        self, installation: Installation, call: str, *options: str, calls: Path = CALLS, url: str = ""
    ) -> None:
        argv = [sys.executable, "-m", "server.cli", "synthetic-call", url or installation.url]
        for side in ("agent", "patient"):
            [sound] = calls.glob(f"{call}.{side}.*")
            argv += [f"--{side}", str(sound)]
        argv += ["--marks", str(calls / f"{call}.marks.json")]
        argv += ["--token-file", str(installation.data_dir / "monitor.token"), *options]
        self._process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def lines(self) -> Iterator[Line]:
        """As they come, until it ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield json.loads(line)

    def finish(self) -> tuple[list[Line], str, int]:
        """Every line, what it said on standard error, and its exit status. Not together with `lines`."""
        out, said = self._process.communicate(timeout=120)
        return [json.loads(line) for line in out.splitlines()], said, self._process.returncode

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()
