"""`clinixcue doctor`: what is true about this machine now, and the command that mends what is not."""

import os
import sys
from pathlib import Path

import msgspec

from rtc.settings import SettingsError, load
from server import checks, confinement, environments
from server.settings import OF_OTHER_PROCESSES, ServerProcessSettings

SIGNS = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}


def examine(data_dir: Path, port: int, demo: bool) -> list[checks.Check]:
    """Every check, in the order in which `up` would meet them. Raises SettingsError."""
    settings = load(ServerProcessSettings, ignore=OF_OTHER_PROCESSES)
    configured = environments.read_config().get("speech", {}).get("model", "tiny.en")
    model = os.environ.get("CLINIXCUE_SPEECH_MODEL", configured)
    return [
        checks.python(),
        checks.weights(model, verify=True),
        checks.pages(settings.server.pages),
        checks.data_dir(data_dir.absolute()),
        checks.port(settings.server.host, port),
        *([checks.node()] if demo else []),
        checks.swap(),
        checks.core_dumps(),
        *_listening(demo),
        *confinement.running(data_dir.absolute()),
    ]


def _listening(demo: bool) -> list[checks.Check]:
    """Media and speech as `up` would start them."""
    config = environments.read_config()
    findings = []
    for process in confinement.LISTENING:
        environment = environments.environment_for(process, os.environ, {}, config)
        given = environment.get("CLINIXCUE_SANDBOX_REQUIRE")
        required = given.lower() not in ("false", "0") if given is not None else not demo
        findings += confinement.tried(process, environment, required)
    return findings


def doctor(data_dir: Path, port: int, demo: bool, as_json: bool) -> int:
    """Print the findings. 0 when nothing failed; warnings do not fail."""
    try:
        findings = examine(data_dir, port, demo)
    except SettingsError as error:
        findings = [checks.Check("settings", "failed", str(error))]
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(findings)).decode() + "\n")
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            sys.stdout.write(f"{SIGNS[finding.state]}  {finding.name:<{width}}  {finding.detail}\n")
    return 1 if any(finding.state == "failed" for finding in findings) else 0
