"""A practice's own playbook on its way to `speech`, which reaches no database."""

import zlib
from typing import Annotated, Self

from msgspec import Meta, Struct

MAX_PLAYBOOK_BYTES = 400_000
"""Of a playbook's YAML in UTF-8."""

MAX_PACKED_BYTES = 128 * 1024
"""The same, compressed. With a session description and the words it must fit into one message of NATS (256 KiB)."""


class PublishedPlaybook(Struct, frozen=True):
    """A version that the practice published, whole: speech reaches no database. `packed` is its YAML (RFC 1950)."""

    version: int
    packed: Annotated[bytes, Meta(max_length=MAX_PACKED_BYTES)]

    @classmethod
    def of(cls, version: int, yaml: str) -> Self:
        """Raises ValueError when it is too long to go with a call."""
        packed = zlib.compress(yaml.encode(), 9)
        if len(packed) > MAX_PACKED_BYTES:
            raise ValueError(f"takes {len(packed)} bytes compressed, {MAX_PACKED_BYTES} fit")
        return cls(version, packed)

    @property
    def yaml(self) -> str:
        """Raises ValueError when it cannot be unpacked, or would be larger than a playbook may be."""
        unpacking = zlib.decompressobj()
        try:
            text = unpacking.decompress(self.packed, MAX_PLAYBOOK_BYTES + 1)
        except zlib.error as error:
            raise ValueError("cannot be unpacked") from error
        if len(text) > MAX_PLAYBOOK_BYTES or not unpacking.eof:
            raise ValueError("is cut short or too large")
        return text.decode()
