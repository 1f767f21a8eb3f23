"""A real installation for tests: PostgreSQL, NATS, the identity provider and `python -m server`."""

import asyncio
import json
import os
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
from websockets.asyncio.client import ClientConnection, connect

from rtc.bus import Bus
from rtc.settings import BusSettings
from server.certificates import ensure_certificates
from server.demo import HARBOUR, RIVERSIDE
from server.engines import Nats, Postgres, free_port
from server.settings import (
    DatabaseSettings,
    IdentitySettings,
    ServerProcessSettings,
    ServerSettings,
    SessionSettings,
)

ROOT = Path(__file__).parents[2]
PROVIDER = ROOT / "server" / "identity_provider" / "provider.mjs"
CLIENT_SECRET = "known-to-tests-only"
STRANGER = "sam.stranger"
"""The provider knows them, no practice does."""

SESSION_COOKIE = "__Host-clinixcue"

Headers = dict[str, str]


class Installation:
    """Owner: the session's fixture. Everything is started by `start` and ended by `stop`."""

    def __init__(self, data_dir: Path) -> None:
        self._dir = data_dir
        self._processes: list[subprocess.Popen[str]] = []
        self._cookies: dict[str, str] = {}
        self.postgres = Postgres(data_dir)
        self.nats = Nats(data_dir)
        self.port = free_port()
        self.origin = f"https://localhost:{self.port}"
        self.issuer = f"http://127.0.0.1:{free_port()}"

    def start(self) -> None:
        self.postgres.start()
        self.nats.start()
        files = ensure_certificates(self._dir / "tls", datetime.now(UTC))
        self.authority = files.authority
        self.trust = ssl.create_default_context(cafile=files.authority)
        self.pages = self._dir / "pages"
        (self.pages / "assets").mkdir(parents=True)
        for name in ("softphone", "portal", "caller"):
            (self.pages / f"{name}.html").write_text(f"<!doctype html><title>{name}</title>")
        (self.pages / "assets" / "softphone-1a2b3c.js").write_text("export {};\n")
        self.settings = ServerProcessSettings(
            server=ServerSettings(
                port=self.port,
                public_url=self.origin,
                tls_certificate=str(files.certificate),
                tls_key=str(files.key),
                static_dir=str(self.pages),
            ),
            database=self.database_settings(owner=False),
            identity=IdentitySettings(issuer=self.issuer, client_secret=CLIENT_SECRET),
            session=SessionSettings(),
            bus=BusSettings(self.nats.url, "server", self.nats.passwords["server"]),
        )
        self.run("server.migrate", owner=True)
        self.demo = json.loads(self.run("server.demo"))
        self.monitor_token = str(self.demo["monitor_token"])
        self._start_provider()
        self.start_server(self.port, "server.log")

    def start_server(self, port: int, log: str, changed: Headers | None = None) -> "subprocess.Popen[str]":
        """One server process; a second one is the same installation behind the same public address."""
        environment = {**self.environment(owner=False), "CLINIXCUE_SERVER_PORT": str(port), **(changed or {})}
        process = self._start([sys.executable, "-m", "server"], environment, self._dir / log)
        # The process says "serving" a moment before it listens; the transport tries again until it does.
        with httpx2.Client(transport=httpx2.HTTPTransport(verify=self.trust, retries=6)) as client:
            client.get(f"https://localhost:{port}/healthz/live").raise_for_status()
        return process

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait(15)
            if process.stdout is not None:
                process.stdout.close()
        self.nats.stop()
        self.postgres.stop()

    # --- settings and processes -------------------------------------------------------------------------------

    def database_settings(self, owner: bool) -> DatabaseSettings:
        return DatabaseSettings(
            host=str(self.postgres.socket_dir),
            port=self.postgres.port,
            name=self.postgres.database,
            user=self.postgres.owner_user if owner else self.postgres.app_user,
            password=self.postgres.owner_password if owner else self.postgres.app_password,
        )

    def environment(self, owner: bool) -> dict[str, str]:
        """The settings as a process gets them."""
        sections: dict[str, Any] = {
            "server": self.settings.server,
            "database": self.database_settings(owner),
            "identity": self.settings.identity,
            "bus": self.settings.bus,
        }
        variables = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        for section, values in sections.items():
            for name in values.__struct_fields__:
                variables[f"CLINIXCUE_{section.upper()}_{name.upper()}"] = str(getattr(values, name))
        return variables

    def run(self, module: str, *arguments: str, owner: bool = False, changed: Headers | None = None) -> str:
        """Run a module to its end; returns what it printed. Raises CalledProcessError."""
        argv = [sys.executable, "-m", module, *arguments]
        environment = {**self.environment(owner), **(changed or {})}
        result = subprocess.run(
            argv, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
        )
        if result.returncode != 0:
            raise subprocess.CalledProcessError(result.returncode, argv, result.stdout, result.stderr)
        return result.stdout

    def _start_provider(self) -> None:
        people = [
            {"sub": person["login"], "name": person["name"], "email": person["email"]}
            for practice in self.demo["practices"]
            for person in practice["people"]
        ]
        people.append({"sub": STRANGER, "name": "Sam Stranger", "email": "sam@elsewhere.example"})
        config = {
            "port": int(self.issuer.rsplit(":", 1)[1]),
            "client": {
                "id": self.settings.identity.client_id,
                "secret": CLIENT_SECRET,
                "redirect_uri": f"{self.origin}/auth/callback",
                "post_logout_redirect_uri": f"{self.origin}/",
            },
            "people": people,
        }
        path = self._dir / "provider.json"
        path.write_text(json.dumps(config))
        process = self._start(["node", str(PROVIDER), str(path)], {"PATH": os.environ["PATH"]}, None)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening")

    def _start(self, argv: list[str], environment: dict[str, str], log: Path | None) -> "subprocess.Popen[str]":
        if log is None:
            process = subprocess.Popen(
                argv, env=environment, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        else:
            with log.open("w") as file:
                process = subprocess.Popen(argv, env=environment, cwd=ROOT, text=True, stdout=file, stderr=file)
        self._processes.append(process)
        return process

    @property
    def server_log(self) -> str:
        return (self._dir / "server.log").read_text()

    # --- people, practices and programs -----------------------------------------------------------------------

    def practice(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(p for p in self.demo["practices"] if p["name"] == name)
        return found

    def practice_id(self, name: str) -> UUID:
        return next(practice.id for practice in (RIVERSIDE, HARBOUR) if practice.name == name)

    @property
    def link(self) -> str:
        return str(self.practice("Riverside Surgery")["line_link"])

    def client(self, headers: Headers | None = None, port: int | None = None) -> httpx2.AsyncClient:
        """A browser or program without cookies."""
        address = f"https://localhost:{port or self.port}"
        return httpx2.AsyncClient(base_url=address, verify=self.trust, headers=headers, timeout=15)

    def headers_of(self, login: str) -> Headers:
        """What this person's browser sends with every request to us. Signs in on first use."""
        if login not in self._cookies:
            with httpx2.Client(verify=self.trust, timeout=15) as client:
                sign_in(client, self.origin, login)
                self._cookies[login] = client.cookies[SESSION_COOKIE]
        return {"cookie": f"{SESSION_COOKIE}={self._cookies[login]}", "origin": self.origin}

    def forget(self, login: str) -> None:
        """Their session is over: sign in anew next time."""
        del self._cookies[login]

    def as_person(self, login: str) -> httpx2.AsyncClient:
        return self.client(self.headers_of(login))

    def as_monitor(self) -> httpx2.AsyncClient:
        return self.client({"authorization": f"Bearer {self.monitor_token}"})

    def socket(self, path: str, headers: Headers | None = None, port: int | None = None) -> connect:
        address = f"wss://localhost:{port or self.port}{path}"
        return connect(address, ssl=self.trust, additional_headers=headers, proxy=None)

    async def media_bus(self) -> Bus:
        return await Bus.connect(self.nats.url, "test media", "media", self.nats.passwords["media"])

    # --- the database, past the server ------------------------------------------------------------------------

    @asynccontextmanager
    async def rows(
        self, practice_id: UUID | None = None, credential: str | None = None, owner: bool = True
    ) -> AsyncIterator[Any]:
        """A connection in one transaction, with the settings that row-level security reads."""
        settings = self.database_settings(owner)
        connection = await asyncpg.connect(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            password=settings.password,
            database=settings.name,
        )
        try:
            async with connection.transaction():
                if practice_id is not None:
                    await connection.execute("SELECT set_config('app.practice_id', $1, true)", str(practice_id))
                if credential is not None:
                    await connection.execute("SELECT set_config('app.credential', $1, true)", credential)
                yield connection
        finally:
            await connection.close()


def sign_in(client: httpx2.Client, origin: str, login: str, next_path: str = "/softphone") -> httpx2.Response:
    """Walk the whole way a browser goes, pages of the provider included. Returns our answer to the callback."""
    callback = to_callback(client, client.get(f"{origin}/auth/sign-in", params={"next": next_path}), login)
    return client.get(callback)


def to_callback(client: httpx2.Client, departure: httpx2.Response, login: str) -> str:
    """From our redirect to the provider, through its sign-in form, to the address it sends the browser back to."""
    answer = departure
    ours = str(departure.url.join("/auth/callback"))
    for _ in range(10):
        if answer.is_redirect:
            where = str(answer.url.join(answer.headers["location"]))
            if where.startswith(ours):
                return where
            answer = client.get(where)
        else:
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            assert form is not None, answer.text[:500]
            fields = {"prompt": "login", "login": login, "password": "any"}
            answer = client.post(str(answer.url.join(form[1])), data=fields)
    raise AssertionError("the provider never sent the browser back")


async def receive(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of this type; others are passed over. Raises TimeoutError."""
    async with asyncio.timeout(8):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] == kind:
                return message
