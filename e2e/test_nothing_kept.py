"""While a call runs, and after it, no file that our processes can write holds its sound or its words."""

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import Installation
from e2e.recordings import CALLS
from e2e.synthetic import SyntheticRun
from e2e.traces import Searched, Traces, sound_of, traces_of

pytestmark = pytest.mark.timeout(240)

CALL = "chest_pain"
PHRASES = ["tight pain across", "sick and sweaty", "my daughter is here", "down my left arm"]
LAST_HEARD = "daughter"
SHARED_MEMORY = Path("/dev/shm")


def folders(installation: Installation) -> list[Path]:
    """Every folder these processes can write, none left out: PostgreSQL's data and its write-ahead log, NATS, the
    logs, secrets and certificates are below the first one."""
    return [installation.data_dir, installation.temporary_dir, SHARED_MEMORY]


@pytest.fixture(scope="module")
def sound() -> dict[bytes, str]:
    return sound_of(CALLS / f"{CALL}.{side}.flac" for side in ("agent", "patient"))


@pytest.fixture
def run(installation: Installation) -> Iterator[SyntheticRun]:
    running = SyntheticRun(installation, CALL)
    yield running
    running.stop()


def report(when: str, searched: Searched, began: float) -> None:
    took = time.monotonic() - began
    print(
        f"{when}: {searched.files} files, {searched.bytes / 1e6:.0f} MB searched in {took:.1f} s;"
        f" {searched.gone} were gone before they could be read"
    )


def test_the_search_finds_what_is_there(installation: Installation, sound: dict[bytes, str]) -> None:
    """Otherwise the next test would prove nothing."""
    traces = traces_of(PHRASES, sound)
    packet = next(trace for trace, name in sound.items() if name.startswith("Opus packet 700 "))
    planted = {
        "plain": b"...\0A TIGHT Pain Across my chest",
        "wide": "he felt sick and sweaty then".encode("utf-16-le"),
        "encoded": b"eyJ0ZXh0IjogIk15IGRhdWdodGVyIGlzIGhlcmUuIn0=",  # {"text": "My daughter is here."}
        "packet": os.urandom(4_200_001) + packet,
        "samples": bytes(333) + next(trace for trace, name in sound.items() if name.startswith("samples")),
    }
    files = {installation.temporary_dir / name: content for name, content in planted.items()}
    try:
        for path, content in files.items():
            path.write_bytes(content)
        searched = traces.search([installation.temporary_dir])
    finally:
        for path in files:
            path.unlink()
    assert {found.file for found in searched.found} == set(files)


def test_no_file_holds_a_call(installation: Installation, run: SyntheticRun, sound: dict[bytes, str]) -> None:
    heard = list(PHRASES)
    searched_during: Searched | None = None
    outcome = None
    for line in run.lines():
        message = line.get("message", {})
        if message.get("type") == "caption":
            heard.append(message["text"])
            if searched_during is None and LAST_HEARD in message["text"]:
                searched_during = search("during the call", traces_of(heard, sound), installation)
                only_their_logs_are_open_for_writing(installation)
        outcome = line.get("outcome", outcome)
        assert "error" not in line, line
    assert searched_during is not None, f"the call was not understood: {heard}"
    assert outcome is not None
    searched_after = search("after its outcome", traces_of(heard, sound), installation)
    assert searched_after.files > 500
    assert any("tight pain across" in text for text in heard[len(PHRASES) :]), heard
    assert searched_during.found == []
    assert searched_after.found == []


def search(when: str, traces: Traces, installation: Installation) -> Searched:
    began = time.monotonic()
    searched = traces.search(folders(installation))
    report(when, searched, began)
    return searched


def only_their_logs_are_open_for_writing(installation: Installation) -> None:
    """Also files without a name (deleted, or memfd), which no search of folders would see."""
    for module, log in (("rtc.media", "media.log"), ("rtc.speech", "speech.log")):
        [process] = installation.processes(module)
        written = files_open_for_writing(process)
        assert written == {str(installation.data_dir / "logs" / log)}
        assert files_mapped_for_writing(process) == set()


def files_open_for_writing(process: int) -> set[str]:
    """Regular files, from /proc (proc_pid_fd(5), proc_pid_fdinfo(5))."""
    written = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        try:
            regular = stat.S_ISREG(descriptor.stat().st_mode)
            name = os.readlink(descriptor)
            information = Path(f"/proc/{process}/fdinfo/{descriptor.name}").read_text()
        except FileNotFoundError:
            continue  # closed while we looked
        flags = int(information.split("flags:")[1].split()[0], 8)
        if regular and flags & os.O_ACCMODE != os.O_RDONLY:
            written.add(name)
    return written


def files_mapped_for_writing(process: int) -> set[str]:
    """Files that shared mappings would write to (proc_pid_maps(5))."""
    fields = [line.split(maxsplit=5) for line in Path(f"/proc/{process}/maps").read_text().splitlines()]
    return {line[5] for line in fields if len(line) == 6 and line[1][1] == "w" and line[1][3] == "s"}
