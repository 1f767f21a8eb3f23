"""The purge receipt: what became of the sound of one call, in figures, and its hash.

The hash is SHA-256 over the canonical JSON (RFC 8785) of the receipt without its `hash`: keys sorted, no white space,
UTF-8. All its values are strings, integers, booleans, lists and objects, so that no rule about numbers is needed.
With the receipt's fields in a file: `jq -cjS 'del(.hash)' receipt.json | sha256sum`.
"""

import hashlib
import importlib.metadata
from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec import Struct, structs


class Pause(Struct, frozen=True):
    """A stretch in which nothing was listened to (`hold`), or not to the patient (`card_number`). Whole seconds of
    media time; it may have gone on until the end of the call."""

    reason: Literal["hold", "card_number"]
    from_s: int
    to_s: int


class Confinement(Struct, frozen=True):
    """What the kernel forbade a process, by its own `SandboxState`. `unproven`: it has not told.

    `weaker` names the protections that were not enforced.
    """

    process: Literal["media", "speech"]
    state: Literal["enforced", "weaker", "unproven"]
    weaker: list[str]


class PurgeReceipt(Struct, frozen=True):
    """What became of the sound of one call, both legs, since it was bridged.

    Frames are 20 ms of 16 kHz mono. A frame that media received was wiped there at once, or went to a recogniser and
    was wiped there; the latter counts when that recogniser has told so. `frames_in - frames_wiped`: nobody saw them go.
    """

    call_id: str
    frames_in: int
    bytes_in: int
    frames_heard: int
    """Went to a recogniser. The others were dropped in media: nobody listened."""
    frames_wiped: int
    oldest_sample_ms: int
    """The longest any sample can have lived: the longest wait in media and the longest in the recogniser, together."""
    oldest_in_media_ms: int
    wipe_ms: int | None
    """From hang-up until everything was wiped, last words recognised included. None: nobody can say."""
    wiped_at: str
    """UTC, RFC 3339."""
    complete: bool
    """Every frame that came in was wiped, and both processes have looked."""
    stopped_by: Literal["agent", "patient"] | None
    """Which side stopped the listening for good."""
    stopped_at_s: int | None
    pauses: list[Pause]
    confinement: list[Confinement]
    engines: dict[str, str]
    """Name and version of what handled the sound."""
    hash: str = ""
    """SHA-256 in hexadecimal over the canonical JSON (RFC 8785) of every other field."""


class Wiped(Struct, frozen=True):
    """One recogniser's part of the receipt."""

    samples_in: int
    samples_wiped: int
    blank: bool
    """It has looked: its rings hold nothing but zeros, and no window is being recognised."""
    oldest_sample_ms: int
    confinement: Confinement
    engines: dict[str, str]


_canonical = msgspec.json.Encoder(order="sorted")


def canonical(receipt: PurgeReceipt) -> bytes:
    """What is hashed."""
    fields = structs.asdict(receipt)
    del fields["hash"]
    return _canonical.encode(fields)


def sealed(receipt: PurgeReceipt) -> PurgeReceipt:
    """With its hash."""
    return structs.replace(receipt, hash=hashlib.sha256(canonical(receipt)).hexdigest())


def is_sealed(receipt: PurgeReceipt) -> bool:
    """Whether the hash is of this very receipt."""
    return sealed(receipt) == receipt


def versions(*packages: str) -> dict[str, str]:
    """As installed. Ours is 0 where it runs from a checkout that was not installed."""
    return {package: importlib.metadata.version(package) for package in packages}


def now() -> str:
    """UTC, RFC 3339, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
