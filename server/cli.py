"""The `clinixcue` command. Every process also runs as `python -m server`, `rtc.media` and `rtc.speech`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from server import checks
from server.doctor import doctor
from server.reporting import Reporter
from server.supervisor import Options, up

DEFAULT_DATA_DIR = Path("data")
DEFAULT_PORT = 8443

LAUNCHER = "rtc.launcher"
"""Confines a listening process, whose name is its first argument, before it starts."""

MODULES = {
    "server": ("server", "the HTTP API, sign-in, signalling and storage"),
    "media": (LAUNCHER, "the WebRTC peers"),
    "speech": (LAUNCHER, "recognition, cues and scoring"),
    "migrate": ("server.migrate", "bring the database to the tables of this version"),
    "synthetic-call": ("rtc.synthetic", "place a real call from audio files and print what the agent would see"),
    "playbook": ("rtc.coaching", "check a playbook, and test it on sentences and calls with known answers"),
}
"""Commands that become another module's process, with the arguments that follow."""


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status. An unknown command ends in the list of commands and status 2."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in MODULES:
        module, _ = MODULES[arguments[0]]
        given = arguments if module == LAUNCHER else arguments[1:]
        os.execv(sys.executable, [sys.executable, "-P", "-m", module, *given])  # noqa: S606  # no shell
    answer = checks.python()
    if answer.state == "failed":
        sys.stderr.write(f"clinixcue: {answer.detail}\n")
        return 1
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.command == "up":
        return up(Options(chosen.data_dir, chosen.port, chosen.demo), Reporter())
    if chosen.command == "doctor":
        return doctor(chosen.data_dir, chosen.port, chosen.demo, chosen.json)
    parser.print_help()
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clinixcue", description="Live cues for medical receptionists; only the score is kept, never the call."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    start = commands.add_parser("up", help="start everything on this machine, until Ctrl-C")
    examine = commands.add_parser("doctor", help="check this machine and say what to mend")
    for name, (_, text) in MODULES.items():
        commands.add_parser(name, help=text, add_help=False)
    for command in (start, examine):
        command.add_argument("--data-dir", type=Path, default=DEFAULT_DATA_DIR, help="where data is kept (./data)")
        command.add_argument("--port", type=_port, default=DEFAULT_PORT, help=f"HTTPS port ({DEFAULT_PORT})")
        command.add_argument("--demo", action="store_true", help="with two demo practices and a demo identity provider")
    examine.add_argument("--json", action="store_true", help="print the findings as JSON")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; write a number from 1 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
