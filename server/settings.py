"""Settings of the `server` process, declared and loaded like every other setting (see rtc/settings.py)."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from rtc.settings import BusSettings, SettingsError, load, secret

PACKAGED_PAGES = Path(__file__).parent / "static"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class ServerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(description="TCP port to listen on.", ge=1, le=65535)] = 8443
    public_url: Annotated[
        str, Meta(description="Where browsers reach this server: scheme, host and port, no path. Must be https.")
    ] = "https://localhost:8443"
    tls_certificate: Annotated[str, Meta(description="PEM file: the certificate, then its intermediates.")] = ""
    tls_key: Annotated[str, Meta(description="PEM file: the private key, PKCS#8, not encrypted.")] = ""
    static_dir: Annotated[
        str, Meta(description="Folder of the built pages. Empty: the one inside the installed package.")
    ] = ""

    @property
    def origin(self) -> str:
        """Our own origin as browsers write it in the Origin header: without the default port (RFC 6454 section 6.2)."""
        return self.public_url.rstrip("/").removesuffix(":443")

    @property
    def pages(self) -> Path:
        return Path(self.static_dir) if self.static_dir else PACKAGED_PAGES


class DatabaseSettings(Struct, frozen=True, forbid_unknown_fields=True):
    host: Annotated[str, Meta(description="PostgreSQL: host name, or the folder of its Unix socket.")] = "127.0.0.1"
    port: Annotated[int, Meta(description="PostgreSQL: port.", ge=1, le=65535)] = 5432
    name: Annotated[str, Meta(description="Name of the database.")] = "clinixcue"
    user: Annotated[
        str,
        Meta(description="Role to connect as: neither owner nor superuser; for migrations, the owner."),
    ] = "clinixcue_app"
    password: Annotated[str, secret("Password of that role.")] = ""
    application_role: Annotated[
        str, Meta(description="Role that migrations grant the tables to: the one the server connects as.")
    ] = "clinixcue_app"
    connections: Annotated[int, Meta(description="Connections this process may hold.", ge=1)] = 10


class IdentitySettings(Struct, frozen=True, forbid_unknown_fields=True):
    issuer: Annotated[
        str, Meta(description="Issuer of the OpenID Connect provider, exactly as it names itself. https, or loopback.")
    ] = ""
    client_id: Annotated[str, Meta(description="Our client id at that provider.")] = "clinixcue"
    client_secret: Annotated[str, secret("Our client secret at that provider.")] = ""
    ca_file: Annotated[
        str, Meta(description="PEM file of the authorities trusted for the provider's TLS. Empty: the system's.")
    ] = ""


class SessionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    idle_minutes: Annotated[
        int, Meta(description="A sign-in ends after so many minutes without a request or an open softphone.", ge=1)
    ] = 30
    absolute_hours: Annotated[int, Meta(description="A sign-in ends after so many hours in any case.", ge=1)] = 12


class TurnSettings(Struct, frozen=True, forbid_unknown_fields=True):
    urls: Annotated[
        list[str],
        Meta(description="Your TURN servers, for browsers that UDP does not reach: turn:… or turns:… Empty: none."),
    ] = msgspec.field(default_factory=list)
    shared_secret: Annotated[str, secret("Secret shared with those servers (coturn: static-auth-secret).")] = ""
    lifetime_s: Annotated[
        int, Meta(description="For so many seconds a browser can begin to use the credentials it was given.", ge=60)
    ] = 3600


class ServerProcessSettings(Struct, frozen=True):
    """What `server` may know: no media, no recogniser."""

    server: ServerSettings
    database: DatabaseSettings
    identity: IdentitySettings
    session: SessionSettings
    bus: BusSettings
    turn: TurnSettings = TurnSettings()


class MigrationSettings(Struct, frozen=True):
    """What migrations and the demo data need."""

    database: DatabaseSettings
    identity: IdentitySettings


OF_OTHER_PROCESSES = frozenset({"media", "speech", "sandbox"})
OF_THE_SERVER = frozenset({"server", "session", "bus", "turn"})


def load_server() -> ServerProcessSettings:
    """Read and check the settings of this process. Raises SettingsError saying what to write."""
    settings = load(ServerProcessSettings, ignore=OF_OTHER_PROCESSES)
    check(settings)
    return settings


def load_migration() -> MigrationSettings:
    return load(MigrationSettings, ignore=OF_OTHER_PROCESSES | OF_THE_SERVER)


def check(settings: ServerProcessSettings) -> None:
    """Refuse settings that type checks cannot: what would be unsafe, or fail only at the first call."""
    url = urlsplit(settings.server.public_url)
    if url.scheme != "https" or not url.hostname or url.path not in ("", "/") or url.query or url.fragment:
        raise SettingsError("[server] public_url must look like https://calls.example.org, without a path")
    if not all(address.startswith(("turn:", "turns:")) for address in settings.turn.urls):
        raise SettingsError("[turn] urls must look like turn:turn.example.org:3478 or turns:turn.example.org:443")
    if settings.turn.urls and not settings.turn.shared_secret:
        raise SettingsError("[turn] shared_secret is missing: write the secret that your TURN servers know")
    issuer = urlsplit(settings.identity.issuer)
    if not issuer.hostname:
        raise SettingsError("[identity] issuer is missing: write the issuer address of your OpenID Connect provider")
    # OpenID Connect Discovery 1.0 section 4.3: https. Plain http never leaves this machine here.
    if issuer.scheme != "https" and issuer.hostname not in LOOPBACK_NAMES:
        raise SettingsError("[identity] issuer must be https, unless the provider runs on this machine")
