"""A whole installation, started as a person starts it, and real Chromium with a WAV file for a microphone."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from server.confinement import LISTENING, tried
from server.engines import free_port

CHROMIUM = "/usr/bin/chromium"
ROOT = Path(__file__).parents[1]
READY_SECONDS = 90
INSTRUMENTS = Path(__file__).parent / "instruments.js"

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]


@dataclass(frozen=True)
class Installation:
    """`clinixcue up --demo`, ready. `links` are the callers' pages by practice."""

    url: str
    data_dir: Path
    temporary_dir: Path
    links: dict[str, str]
    supervisor: int

    @property
    def ca(self) -> Path:
        return self.data_dir / "tls" / "ca.pem"

    def processes(self, module: str) -> list[int]:
        """Ids of the processes of this installation that run `python -m module`."""
        listed = subprocess.run(["/bin/ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
        ours = {self.supervisor}
        while len(ours) < len(ours := ours | {int(pid) for pid, parent, _ in rows if int(parent) in ours}):
            continue
        return [int(pid) for pid, _, args in rows if int(pid) in ours and f"-m {module} " in f"{args} "]


@cache
def not_enforced() -> str:
    """What keeps media and speech from being confined here, in sentences; empty when nothing does."""
    findings = [finding for process in LISTENING for finding in tried(process, os.environ, required=True)]
    return " ".join(finding.detail for finding in findings if finding.state != "ok")


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data_dir = tmp_path_factory.mktemp("data")
    temporary_dir = tmp_path_factory.mktemp("temporary")
    port = free_port()
    command = [sys.executable, "-m", "server.cli", "up", "--demo", "--data-dir", str(data_dir), "--port", str(port)]
    output = data_dir.parent / "up.log"
    with output.open("w") as log:
        # The demo starts on any kernel; here nothing may be missing that this one gives.
        required = "false" if not_enforced() else "true"
        environment = {**os.environ, "TMPDIR": str(temporary_dir), "CLINIXCUE_SANDBOX_REQUIRE": required}
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        printed = _until_ready(process, output)
        links = dict(re.findall(r"^  (\S.*)\n    callers +(\S+)", printed, re.MULTILINE))
        yield Installation(f"https://localhost:{port}", data_dir, temporary_dir, links, process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _until_ready(process: "subprocess.Popen[bytes]", output: Path) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        printed = output.read_text()
        if re.search(r"^ready https://", printed, re.MULTILINE) and "Ctrl-C" in printed:
            return printed
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the installation did not become ready:\n{output.read_text()}")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


Launch = Callable[..., Browser]


@pytest.fixture
def launch(playwright: Playwright) -> Iterator[Launch]:
    """Start a browser. `microphone`: a WAV played once; None refuses the microphone."""
    with ExitStack() as stack:

        def start(microphone: Path | None) -> Browser:
            if microphone is None:
                flags = ["--deny-permission-prompts", "--use-fake-device-for-media-stream"]
            else:
                flags = [
                    "--use-fake-ui-for-media-stream",
                    "--use-fake-device-for-media-stream",
                    f"--use-file-for-fake-audio-capture={microphone}%noloop",
                ]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_FLAGS, *flags])
            stack.callback(browser.close)
            return browser

        yield start


def new_page(browser: Browser, **options: Any) -> Page:
    """A page with our instruments, trusting the installation's own certificate authority as a person would."""
    context: BrowserContext = browser.new_context(ignore_https_errors=True, **options)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.add_init_script(path=INSTRUMENTS)
    return page


def sign_in(page: Page, installation: Installation, login: str, path: str) -> None:
    """Through the provider's own pages: name and any password."""
    page.goto(f"{installation.url}{path}")
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill("any")
    page.locator("[type=submit]").click()
    page.wait_for_url(f"{installation.url}{path}*")


def messages(page: Page, kind: str) -> list[dict[str, Any]]:
    """Data-channel messages of one type: {"at": wall-clock ms, "message": {...}}."""
    found: list[dict[str, Any]] = page.evaluate(
        "kind => window.instruments.messages.filter(m => m.message.type === kind)", kind
    )
    return found


def dump(page: Page) -> str:
    """For failures: what was understood, the last hypothesis of each utterance."""
    last = {m["message"]["id"]: m["message"] for m in messages(page, "caption")}
    return json.dumps([f"{m['leg']} {m['start']:.1f}-{m['end']:.1f} {m['text']}" for m in last.values()], indent=1)
