"""`clinixcue up`: every process of one installation on one machine, from the engines to the first call.

Starts in dependency order, restarts what dies, stops in an order in which nothing is lost: `media` ends its calls,
`speech` reports them, `server` stores them, then the engines.
"""

import asyncio
import http.client
import os
import shutil
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from msgspec import Struct

from rtc.bus import SPEECH_STATE, Bus
from rtc.messages import WorkerState
from rtc.settings import SettingsError, load
from server import checks, environments
from server.certificates import Certificates, ensure_certificates
from server.data_directory import InUse, bound_logs, last_line, locked
from server.demo_installation import Demo, DemoError
from server.engines import EngineError, Nats, Postgres, stored_secret
from server.processes import Child, ProcessFailed, run_to_end
from server.reporting import Reporter
from server.settings import OF_OTHER_PROCESSES, ServerProcessSettings

READY_SECONDS = 120.0
"""Loading the recogniser's weights on a slow disk is the longest part."""
SPEECH_SECONDS = 2.0
LEFTOVER_SECONDS = 10.0
POLL_SECONDS = 0.2
LOG_CHECK_SECONDS = 5.0
LONGEST_PAUSE = 30.0
CALM_SECONDS = 60.0
"""A process that ran so long before it died is restarted at once, as if for the first time."""


class CannotStart(Exception):
    """One sentence for the person who started us."""


class Stopped(BaseException):
    """SIGINT or SIGTERM arrived. Like KeyboardInterrupt it must get through every `except Exception` on its way."""


class Options(Struct, frozen=True):
    data_dir: Path
    port: int
    demo: bool


class Service:
    """A process that is started again when it ends. `start` returns the new child."""

    def __init__(self, name: str, start: Callable[[], Child]) -> None:
        self.name = name
        self._start = start
        self.child: Child | None = None
        self._started = 0.0
        self._pause = 0.5
        self._again_at: float | None = None

    def start(self) -> None:
        self.child = self._start()
        self._started = time.monotonic()
        self._again_at = None

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()
            self.child = None

    def watch(self, report: Reporter) -> None:
        """Start it again when it has ended, after a pause that doubles from 0.5 to 30 s while it keeps ending."""
        now = time.monotonic()
        if self._again_at is not None:
            if now >= self._again_at:
                self._try_again(report)
            return
        if self.child is None or self.child.exit_status is None:
            return
        status = self.child.exit_status
        self.child.stop()  # whatever it left behind in its group
        if now - self._started > CALM_SECONDS:
            self._pause = 0.5
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        report.line(f"{self.name} {how}; starting it again in {self._pause:g} s")
        self._later(now)

    def _try_again(self, report: Reporter) -> None:
        try:
            self.start()
        except (DemoError, EngineError, OSError) as error:
            report.line(f"{self.name} does not start: {error}; trying again in {self._pause:g} s")
            self._later(time.monotonic())

    def _later(self, now: float) -> None:
        self._again_at = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)


def up(options: Options, report: Reporter) -> int:
    """Run until stopped. 0 after Ctrl-C or SIGTERM; 1 when it could not start, after one sentence on stderr."""
    _stop_on_signals()
    try:
        preflight(options)
        options.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(options.data_dir) as lock:
            _wait_for_port(options, patience=0.0 if lock.clean else LEFTOVER_SECONDS)
            installation = Installation(options, report)
            try:
                installation.start()
                installation.watch()
            finally:
                _stop_on_signals(ignore=True)
                installation.stop()
    except Stopped:
        return 0
    except (CannotStart, DemoError, EngineError, InUse, ProcessFailed, SettingsError) as error:
        sys.stderr.write(f"clinixcue: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"clinixcue: {error.filename or options.data_dir}: {error.strerror or error}\n")
        return 1


def preflight(options: Options) -> None:
    """Everything that can be known before the first process starts. Raises CannotStart with the first fault."""
    settings = load(ServerProcessSettings, ignore=OF_OTHER_PROCESSES)
    model = environments.read_config().get("speech", {}).get("model", "tiny.en")
    asked = [
        checks.python,
        lambda: checks.weights(os.environ.get("CLINIXCUE_SPEECH_MODEL", model), verify=False),
        lambda: checks.pages(settings.server.pages),
        lambda: checks.data_dir(options.data_dir.absolute()),
        *([checks.node] if options.demo else []),
    ]
    for ask in asked:
        answer = ask()
        if answer.state == "failed":
            raise CannotStart(answer.detail)
    if not options.demo and not settings.identity.issuer:
        raise CannotStart(
            "no identity provider: set CLINIXCUE_IDENTITY_ISSUER, _CLIENT_ID and _CLIENT_SECRET, or add --demo"
        )


def _wait_for_port(options: Options, patience: float) -> None:
    """A server that a killed supervisor left behind is ending by itself; anybody else's stays."""
    host = load(ServerProcessSettings, ignore=OF_OTHER_PROCESSES).server.host
    deadline = time.monotonic() + patience
    while (answer := checks.port(host, options.port)).state == "failed":
        if time.monotonic() > deadline:
            raise CannotStart(answer.detail)
        time.sleep(POLL_SECONDS)


class Installation:
    """The processes of one data directory."""

    def __init__(self, options: Options, report: Reporter) -> None:
        self._options = options
        self._report = report
        self._root = options.data_dir.resolve()
        self._logs = self._root / "logs"
        self._host = load(ServerProcessSettings, ignore=OF_OTHER_PROCESSES).server.host
        self._config = environments.read_config()
        self._postgres = Postgres(self._root)
        self._nats = Nats(self._root)
        self._services: list[Service] = []
        self._url = f"https://localhost:{options.port}"
        self._authority = self._root / "ca.pem"

    def start(self) -> None:
        """Everything, up to the moment at which calls can be taken. Raises what `up` reports."""
        certificates = ensure_certificates(self._root / "tls", datetime.now(UTC))
        # Beside the monitor's token, where `synthetic-call` looks for it and a person finds it.
        shutil.copyfile(certificates.authority, self._authority)
        postgres = Service("PostgreSQL", lambda: _engine(self._postgres))
        nats = Service("NATS", lambda: _engine(self._nats))
        for engine in (postgres, nats):
            with self._report.step(engine.name):
                self._services.append(engine)
                engine.start()
        with self._report.step("database"):
            self._run("migrate", "server.migrate")
        demo = self._start_demo() if self._options.demo else None
        identity = demo.identity_settings if demo is not None else {}
        with self._report.step("server, media and speech"):
            self._start_python("server", "server", {**self._server_settings(certificates), **identity})
            self._start_listening("speech", {})
            self._start_listening("media", self._addresses())
            self._wait_until_ready(certificates)
        self._report.line(f"ready {self._url}")
        if certificates.new_authority or demo is not None:
            authority = _shown(self._authority)
            self._report.line(
                f"\n  Your browser warns until it trusts {authority}, which vouches for this machine only."
            )
        if demo is not None:
            for line in demo.guide(self._url):
                self._report.line(line)

    def watch(self) -> NoReturn:
        """Restart what dies, keep logs small. Ends by Stopped only."""
        logs_at = 0.0
        while True:
            time.sleep(POLL_SECONDS)
            for service in self._services:
                service.watch(self._report)
            if time.monotonic() > logs_at:
                bound_logs(self._logs)
                logs_at = time.monotonic() + LOG_CHECK_SECONDS

    def stop(self) -> None:
        """Everything that was started, in an order that loses nothing. Says how it goes."""
        if not self._services:
            return
        order = {"media": 0, "speech": 1, "server": 2, "identity provider": 3, "NATS": 4, "PostgreSQL": 5}
        with self._report.step("stopping"):
            for service in sorted(self._services, key=lambda service: order[service.name]):
                service.stop()
            self._nats.stop()
            self._postgres.stop()

    def _start_demo(self) -> Demo:
        """The demo's people and practices, and the provider that signs them in."""
        demo = Demo(self._root, self._options.port, stored_secret(self._root, "identity-client"))
        with self._report.step("demo practices"):
            demo.fill(lambda *arguments: self._run("migrate", "server.demo", demo.identity_settings, *arguments))
        with self._report.step("identity provider"):
            provider = Service("identity provider", demo.start_provider)
            self._services.append(provider)
            provider.start()
            demo.wait_for_provider(provider.child)
        return demo

    def _start_listening(self, name: str, given: dict[str, str]) -> None:
        """`media` or `speech`, by way of the launcher that confines it. A demo starts whatever the kernel offers."""
        anyhow = self._options.demo and not self._is_set("sandbox", "require")
        sandbox = {"CLINIXCUE_SANDBOX_REQUIRE": "false"} if anyhow else {}
        self._start_python(name, "rtc.launcher", {**given, **sandbox, **environments.bus(self._nats, name)}, name)

    def _start_python(self, name: str, module: str, given: dict[str, str], *arguments: str) -> None:
        environment = environments.environment_for(name, os.environ, given, self._config)
        argv = [sys.executable, "-P", "-m", module, *arguments]
        service = Service(name, lambda: Child(name, argv, self._logs / f"{name}.log", environment))
        self._services.append(service)
        service.start()

    def _run(self, process: str, module: str, given: Mapping[str, str] | None = None, *arguments: str) -> str:
        """One of our modules that ends by itself; what it printed. Raises ProcessFailed."""
        settings = {**environments.database(self._postgres, owner=True), **(given or {})}
        environment = environments.environment_for(process, os.environ, settings, self._config)
        name = module.rsplit(".", 1)[1]
        return run_to_end([sys.executable, "-P", "-m", module, *arguments], environment, self._logs / f"{name}.log")

    def _server_settings(self, certificates: Certificates) -> dict[str, str]:
        settings = {
            "CLINIXCUE_SERVER_PORT": str(self._options.port),
            "CLINIXCUE_SERVER_TLS_CERTIFICATE": str(certificates.certificate),
            "CLINIXCUE_SERVER_TLS_KEY": str(certificates.key),
            **environments.database(self._postgres, owner=False),
            **environments.bus(self._nats, "server"),
        }
        if not self._is_set("server", "public_url"):
            settings["CLINIXCUE_SERVER_PUBLIC_URL"] = self._url
        return settings

    def _addresses(self) -> dict[str, str]:
        """On one machine calls stay on it, unless the administrator names addresses."""
        return {} if self._is_set("media", "addresses") else {"CLINIXCUE_MEDIA_ADDRESSES": "127.0.0.1"}

    def _is_set(self, section: str, name: str) -> bool:
        return name in self._config.get(section, {}) or f"CLINIXCUE_{section}_{name}".upper() in os.environ

    def _wait_until_ready(self, certificates: Certificates) -> None:
        """Until `server` says that calls can be taken and a `speech` worker says that it is there."""
        deadline = time.monotonic() + READY_SECONDS
        while (missing := self._missing(certificates)) is not None:
            for service in self._services:
                if service.child is not None and service.child.exit_status is not None:
                    log = service.child.log
                    raise CannotStart(f"{service.name} ended: {last_line(log) or 'it said nothing'} (more in {log})")
            if time.monotonic() > deadline:
                raise CannotStart(f"not ready after {READY_SECONDS:.0f} s: {missing} (see {self._logs})")
            time.sleep(POLL_SECONDS)

    def _missing(self, certificates: Certificates) -> str | None:
        if not asyncio.run(speech_is_there(self._nats)):
            return "speech has not loaded the recogniser yet"
        return not_ready(self._host, self._options.port, certificates.authority)


async def speech_is_there(nats: Nats) -> bool:
    """A speech worker announced itself within SPEECH_SECONDS; it does so every second."""
    heard = asyncio.Event()

    async def hear(_state: WorkerState) -> None:
        heard.set()

    bus = await Bus.connect(nats.url, "supervisor", "supervisor", nats.passwords["supervisor"])
    try:
        await bus.listen(SPEECH_STATE, WorkerState, hear)
        await asyncio.wait_for(heard.wait(), SPEECH_SECONDS)
    except TimeoutError:
        return False
    finally:
        await bus.close()
    return True


def not_ready(host: str, port: int, authority: Path) -> str | None:
    """None when GET /healthz/ready answers 200 over TLS that `authority` vouches for; otherwise what is missing."""
    context = ssl.create_default_context(cafile=str(authority))
    reach = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    connection = http.client.HTTPConnection("localhost", port, timeout=5)
    try:
        connection.sock = context.wrap_socket(
            socket.create_connection((reach, port), timeout=5), server_hostname="localhost"
        )
        connection.request("GET", "/healthz/ready")
        response = connection.getresponse()
        return None if response.status == 200 else response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"server does not answer: {error}"
    finally:
        connection.close()


def _engine(engine: Postgres | Nats) -> Child:
    engine.start()
    if engine.child is None:
        raise EngineError(f"{type(engine).__name__} did not start")
    return engine.child


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _stop_on_signals(ignore: bool = False) -> None:
    """Ctrl-C and SIGTERM end the watch; while stopping, further ones are ignored: it is already under way."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN if ignore else stop)
