"""The environment of each process: its own sections of the settings and nothing of anybody else's.

`media` and `speech` get no address, name or password of the database. Passwords are handed over as files
(`..._FILE`), so that no process list and no crash report shows them.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from server.engines import Nats, Postgres

SECTIONS = {
    "server": ("server", "database", "identity", "session", "bus", "turn"),
    "media": ("media", "bus", "sandbox"),
    "speech": ("speech", "bus", "sandbox"),
    "migrate": ("database", "identity"),
}
"""Which sections of the settings each process may know."""

ORDINARY = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "VIRTUAL_ENV")
"""Variables passed on as they are; everything else of our environment stays with us."""


def environment_for(
    process: str, ours: Mapping[str, str], given: Mapping[str, str], config: Mapping[str, Any]
) -> dict[str, str]:
    """Ordinary variables, then the process's sections: file, then environment `ours`, then `given`, which wins.

    `config` is the parsed TOML file: handing on its path instead would hand on every section.
    """
    result = {name: ours[name] for name in ORDINARY if name in ours}
    result["PYTHONUNBUFFERED"] = "1"
    result["PYTHONDONTWRITEBYTECODE"] = "1"  # the listening processes may write no file at all
    for section in SECTIONS[process]:
        result.update(_from_file(section, config.get(section, {})))
        prefix = f"CLINIXCUE_{section.upper()}_"
        result.update({name: value for name, value in ours.items() if name.startswith(prefix)})
        chosen = {name: value for name, value in given.items() if name.startswith(prefix)}
        for name, value in chosen.items():
            result.pop(name.removesuffix("_FILE"), None)
            result.pop(f"{name}_FILE", None)
            result[name] = value
    return result


def read_config(ours: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The TOML file named by CLINIXCUE_CONFIG. Raises OSError or tomllib.TOMLDecodeError."""
    path = ours.get("CLINIXCUE_CONFIG", "")
    return tomllib.loads(Path(path).read_text()) if path else {}


def bus(nats: Nats, user: str) -> dict[str, str]:
    return {
        "CLINIXCUE_BUS_URL": nats.url,
        "CLINIXCUE_BUS_USER": user,
        "CLINIXCUE_BUS_PASSWORD_FILE": str(nats.data_dir / "secrets" / f"nats-{user}"),
    }


def database(postgres: Postgres, owner: bool) -> dict[str, str]:
    """As owner for migrations, as the application role for `server`."""
    return {
        "CLINIXCUE_DATABASE_HOST": str(postgres.socket_dir),
        "CLINIXCUE_DATABASE_PORT": str(postgres.port),
        "CLINIXCUE_DATABASE_NAME": postgres.database,
        "CLINIXCUE_DATABASE_USER": postgres.owner_user if owner else postgres.app_user,
        "CLINIXCUE_DATABASE_APPLICATION_ROLE": postgres.app_user,
        "CLINIXCUE_DATABASE_PASSWORD_FILE": str(
            postgres.data_dir / "secrets" / ("postgres-owner" if owner else "postgres-app")
        ),
    }


def _from_file(section: str, table: Mapping[str, Any]) -> dict[str, str]:
    """A table of the TOML file as environment variables; lists are comma-separated there (rtc/settings.py)."""
    result = {}
    for name, value in table.items():
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        result[f"CLINIXCUE_{section}_{name}".upper()] = text.lower() if isinstance(value, bool) else text
    return result
