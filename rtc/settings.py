"""Settings of the two listening processes and the bus, and how any setting is declared and loaded.

One declaration gives name, type, default and help. A setting is read, in this order, from the environment
(`CLINIXCUE_<SECTION>_<NAME>`; secrets also from the file named by `..._FILE`), then the TOML file named by
`CLINIXCUE_CONFIG` (table = section), then its default. `docs/settings.md` lists all of them; a test keeps it so.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

S = TypeVar("S", bound=Struct)

NATS_PORT = 4222


class SettingsError(Exception):
    """A setting is unknown, malformed or missing. The text says which, and what to write instead."""


def secret(help: str) -> Meta:
    """A setting that may be given as a file and is never printed."""
    return Meta(description=help, extra={"secret": True})


class BusSettings(Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, Meta(description="Address of the NATS server.")] = "nats://127.0.0.1:4222"
    user: Annotated[str, Meta(description="NATS user; its permissions decide what this process may hear.")] = ""
    password: Annotated[str, secret("Password of that NATS user.")] = ""


class MediaSettings(Struct, frozen=True, forbid_unknown_fields=True):
    addresses: Annotated[
        list[str],
        Meta(description="Local addresses offered as ICE host candidates. Empty: every address but loopback."),
    ] = msgspec.field(default_factory=list)
    announced_address: Annotated[
        str, Meta(description="Address put into candidates instead of the local one, behind a 1:1 NAT. Empty: none.")
    ] = ""
    port_min: Annotated[int, Meta(description="Lowest UDP port for media. 0: any free port.", ge=0, le=65535)] = 0
    port_max: Annotated[int, Meta(description="Highest UDP port for media. 0: any free port.", ge=0, le=65535)] = 0
    capacity: Annotated[int, Meta(description="Calls this media process will carry at once.", ge=1)] = 20
    resume_seconds: Annotated[
        float, Meta(description="How long a call waits for a side whose connection was lost.", gt=0, le=120)
    ] = 20.0


class SpeechSettings(Struct, frozen=True, forbid_unknown_fields=True):
    model: Annotated[
        Literal["tiny.en", "base"], Meta(description="Recogniser weights: tiny.en (English) or base (multilingual).")
    ] = "tiny.en"
    device: Annotated[Literal["cpu", "cuda"], Meta(description="Where recognition runs.")] = "cpu"
    compute_type: Annotated[
        str,
        Meta(
            description="CTranslate2 compute type. Empty: by device, int8 on cpu, int8_float16 on cuda. "
            "Others: int8_float32, float32, float16."
        ),
    ] = ""
    workers: Annotated[
        int,
        Meta(
            description="Recognitions at the same time. 0: by device, on cpu one for each core "
            "(from three cores on, one less), on cuda 2.",
            ge=0,
        ),
    ] = 0
    batch: Annotated[
        int,
        Meta(
            description="Windows recognised together, of those that are waiting. 0: by device, 1 on cpu, 16 on cuda.",
            ge=0,
            le=64,
        ),
    ] = 0
    capacity: Annotated[int, Meta(description="Calls this speech process will analyse at once.", ge=1)] = 12


class SandboxSettings(Struct, frozen=True, forbid_unknown_fields=True):
    require: Annotated[
        bool,
        Meta(
            description="Do not start where the kernel does not enforce every protection. false: start, and say which "
            "are weaker. clinixcue up --demo starts in any case, unless this is set."
        ),
    ] = True


class ListeningSettings(Struct, frozen=True):
    """What `media` and `speech` may know. No database, no keys."""

    bus: BusSettings
    media: MediaSettings
    speech: SpeechSettings
    sandbox: SandboxSettings = SandboxSettings()


def bus_port(settings: BusSettings) -> int:
    """TCP port of the bus. Raises SettingsError."""
    try:
        return urlsplit(settings.url).port or NATS_PORT
    except ValueError as error:
        raise SettingsError(f"[bus] url has no port that could be one: {settings.url}") from error


def load(sections: type[S], environment: Mapping[str, str] = os.environ, ignore: frozenset[str] = frozenset()) -> S:
    """Read every section of `sections`, a struct of structs. Raises SettingsError naming the setting.

    `ignore` names the sections of the file that belong to other processes.
    """
    file = _read_file(environment.get("CLINIXCUE_CONFIG", ""))
    kinds = {field.name: field.type for field in msgspec.structs.fields(sections)}
    unknown = set(file) - set(kinds) - ignore
    if unknown:
        raise SettingsError(f"unknown section [{sorted(unknown)[0]}]; known: {', '.join(sorted(kinds))}")
    return sections(**{name: _section(name, kind, file.get(name, {}), environment) for name, kind in kinds.items()})


def _read_file(path: str) -> dict[str, dict[str, Any]]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text())
    except OSError as error:
        raise SettingsError(f"CLINIXCUE_CONFIG={path} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error


def _section(name: str, kind: type[S], table: Mapping[str, Any], environment: Mapping[str, str]) -> S:
    values = dict(table)
    for field in msgspec.structs.fields(kind):
        text = _from_environment(f"CLINIXCUE_{name}_{field.name}".upper(), environment)
        if text is not None:
            values[field.name] = _parse(text, field.type)
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"[{name}] {error}") from error


def _from_environment(variable: str, environment: Mapping[str, str]) -> str | None:
    path = environment.get(f"{variable}_FILE")
    if path is None:
        return environment.get(variable)
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{variable}_FILE={path} cannot be read: {error.strerror}") from error


def _parse(text: str, kind: Any) -> Any:
    """Lists are comma-separated in the environment; everything else msgspec converts from text."""
    is_list = "list[" in str(kind)
    return [part.strip() for part in text.split(",") if part.strip()] if is_list else text
