"""What `doctor` says about the kernel's hold on media and speech: here, now, and in an installation that runs."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from rtc.bus import Bus, Unreachable
from rtc.messages import SandboxState
from server.checks import Check
from server.engines import Nats
from server.sandboxes import Sandboxes

LISTENING = ("media", "speech")

TRY_SECONDS = 60.0

HEAR_SECONDS = 2.5
"""They speak once a second."""


def tried(process: str, environment: Mapping[str, str], required: bool) -> list[Check]:
    """Start it as far as its tries, which need a second. One finding for each weaker protection, or one that all hold.

    `required`: it would not start like this.
    """
    argv = [sys.executable, "-P", "-m", "rtc.launcher", process, "--state"]
    try:
        ended = subprocess.run(
            argv, env=dict(environment), capture_output=True, text=True, timeout=TRY_SECONDS, check=False
        )
        state = msgspec.json.decode(ended.stdout, type=SandboxState)
    except (subprocess.TimeoutExpired, msgspec.DecodeError):
        return [Check(process, "failed", f"cannot try what the kernel forbids it: run {' '.join(argv[1:])}")]
    return of_state(state, process, required)


def of_state(state: SandboxState, name: str, required: bool) -> list[Check]:
    if not state.weaker:
        return [Check(name, "ok", f"all {len(state.protections)} protections are enforced ({state.kernel})")]
    return [
        Check(f"{name}: {protection.name}", "failed" if required else "warning", protection.detail)
        for protection in state.weaker
    ]


def running(data_dir: Path) -> list[Check]:
    """What the processes of this data directory say themselves, and every alert. Empty when nothing runs."""
    nats = Nats.running(data_dir)
    if nats is None:
        return []
    try:
        heard = asyncio.run(_hear(nats))
    except Unreachable:
        return []
    findings = [
        finding
        for state in sorted(heard.states, key=lambda state: (state.process, state.pid))
        for finding in of_state(state, f"running {state.process}", required=False)
    ]
    silent = [name for name in LISTENING if name not in {state.process for state in heard.states}]
    findings += [Check(f"running {name}", "warning", "says nothing: it has stopped or is starting") for name in silent]
    return findings + [
        Check(
            "ALERT", "failed", f"{alert.process} ({alert.pid}) tried {alert.kind} and was refused, {alert.count} times"
        )
        for alert in heard.alerts
    ]


async def _hear(nats: Nats) -> Sandboxes:
    sandboxes = Sandboxes()
    bus = await Bus.connect(nats.url, "doctor", "supervisor", nats.passwords["supervisor"])
    try:
        await sandboxes.listen(bus)
        await asyncio.sleep(HEAR_SECONDS)
    finally:
        await bus.close()
    return sandboxes
