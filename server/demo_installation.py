"""What `up --demo` adds: practices with people in them, and a provider on this machine that signs them in."""

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from server.checks import IDENTITY_PROVIDER
from server.data_directory import last_line
from server.engines import free_port, port_is_free
from server.private_files import write_private
from server.processes import Child

CLIENT_ID = "clinixcue"
PROVIDER_SECONDS = 30.0
MONITOR_TOKEN = "monitor.token"  # noqa: S105  # the name of a file


class DemoError(Exception):
    """The demo cannot be set up. The text is one sentence."""


class DemoPerson(Struct, frozen=True):
    """`login`: what is typed at the provider, and the subject there."""

    login: str
    name: str
    email: str
    roles: list[str] = []


class DemoPractice(Struct, frozen=True):
    name: str
    line_link: str
    people: list[DemoPerson]


class DemoData(Struct, frozen=True):
    """What `python -m server.demo` prints. The token is there only when it was just made."""

    practices: list[DemoPractice]
    monitor_token: str | None


class Demo:
    def __init__(self, root: Path, port: int, client_secret: str) -> None:
        """`port` is where `server` listens. The provider's own port is chosen once and kept: it is part of the
        issuer, and people are known by issuer and subject."""
        self._root = root
        self._redirect_origin = f"https://localhost:{port}"
        self._client_secret = client_secret
        self._log = root / "logs" / "identity-provider.log"
        self._port = _kept_port(root / "identity-port", wish=port + 1)
        self._practices: list[DemoPractice] = []

    @property
    def identity_settings(self) -> Mapping[str, str]:
        return {
            "CLINIXCUE_IDENTITY_ISSUER": f"http://127.0.0.1:{self._port}",
            "CLINIXCUE_IDENTITY_CLIENT_ID": CLIENT_ID,
            "CLINIXCUE_IDENTITY_CLIENT_SECRET_FILE": str(self._root / "secrets" / "identity-client"),
        }

    def fill(self, run: Callable[..., str]) -> None:
        """Fill the database through `run`, which starts `server.demo` with arguments and returns what it printed.

        The monitor's token is stored as a hash, so a file that was lost means a new token.
        """
        data = _parse(run())
        path = self._root / MONITOR_TOKEN
        if data.monitor_token is None and not path.exists():
            data = _parse(run("--rotate-monitor-token"))
        if data.monitor_token is not None:
            write_private(path, data.monitor_token + "\n")
        self._practices = data.practices

    def start_provider(self) -> Child:
        """The provider learns the people from a file. Raises DemoError when its port is taken."""
        if not port_is_free(self._port):
            raise DemoError(
                f"port {self._port} on 127.0.0.1 is in use and the demo's identity provider needs it: stop what uses it"
            )
        people = [person for practice in self._practices for person in practice.people]
        config = {
            "port": self._port,
            "client": {
                "id": CLIENT_ID,
                "secret": self._client_secret,
                "redirect_uri": f"{self._redirect_origin}/auth/callback",
                "post_logout_redirect_uri": f"{self._redirect_origin}/",
            },
            "people": [{"sub": person.login, "name": person.name, "email": person.email} for person in people],
        }
        path = self._root / "identity-provider.json"
        write_private(path, json.dumps(config, indent=1))
        node = shutil.which("node") or "node"
        argv = [node, str(IDENTITY_PROVIDER / "provider.mjs"), str(path)]
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        return Child("identity provider", argv, self._log, environment)

    def wait_for_provider(self, child: Child | None) -> None:
        """Returns once it listens. Raises DemoError with its last words when it ends."""
        deadline = time.monotonic() + PROVIDER_SECONDS
        while port_is_free(self._port):
            ended = child is None or child.exit_status is not None
            if ended or time.monotonic() > deadline:
                raise DemoError(f"the demo's identity provider does not start: {last_line(self._log)}")
            time.sleep(0.05)

    def guide(self, url: str) -> list[str]:
        """Where to go and who to be, in as few lines as that takes."""
        lines = ["", f"  softphone  {url}/softphone", f"  portal     {url}/portal"]
        for practice in self._practices:
            names = " ".join(person.login for person in practice.people)
            lines += [
                "",
                f"  {practice.name}",
                f"    callers  {url}/call/{practice.line_link}",
                f"    sign in  {names}",
            ]
        return [*lines, "", "  Sign in with one of these names and any password. Ctrl-C stops everything.", ""]


def _parse(text: str) -> DemoData:
    try:
        return msgspec.json.decode(text.strip().splitlines()[-1], type=DemoData)
    except (msgspec.DecodeError, IndexError) as error:
        raise DemoError(f"the demo data could not be read: {error}") from error


def _kept_port(path: Path, wish: int) -> int:
    if path.exists():
        return int(path.read_text())
    port = wish if wish <= 65535 and port_is_free(wish) else free_port()
    path.write_text(f"{port}\n")
    return port
