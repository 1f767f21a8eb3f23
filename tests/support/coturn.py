"""coturn on loopback, as an installation would run it: one secret shared with the server, no user list."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from server.engines import free_port

READY_SECONDS = 10


class Coturn:
    """Owner: the fixture."""

    def __init__(self, folder: Path, secret: str) -> None:
        program = shutil.which("turnserver")
        if program is None:
            raise RuntimeError("the TURN tests need coturn: apt-get install coturn")
        self.port = free_port()
        self.url = f"turn:127.0.0.1:{self.port}"
        self._log = folder / "coturn.log"
        options = {
            "listening-ip": "127.0.0.1",
            "relay-ip": "127.0.0.1",
            "listening-port": str(self.port),
            "static-auth-secret": secret,
            "realm": "clinixcue.test",
            "pidfile": str(folder / "coturn.pid"),
            "userdb": str(folder / "coturn.db"),
        }
        flags = ["use-auth-secret", "allow-loopback-peers", "no-cli", "no-tls", "no-dtls", "no-rfc5780"]
        # -n: read no configuration file. The peers are on loopback here; coturn refuses those unless told otherwise.
        self._command = [program, "-n", "--log-file=stdout", *(f"--{flag}" for flag in flags)]
        self._command += [f"--{name}={value}" for name, value in options.items()]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("w") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + READY_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"coturn did not start:\n{self._log.read_text()[-2000:]}")

    def _listens(self) -> bool:
        """It listens on UDP and TCP; only TCP can be asked without speaking STUN."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
