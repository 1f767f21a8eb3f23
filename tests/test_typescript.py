"""The browser's types are printed from the structs; this fails when someone changed one and not the other."""

import re
from typing import Literal

import msgspec
import pytest

from rtc import messages, receipts
from server import typescript


class Inner(msgspec.Struct, tag="inner"):
    """What a part looks like.

    Not printed: the second paragraph.
    """

    lane: Literal["a", "b"]


class Outer(msgspec.Struct):
    parts: list[Inner]
    counts: dict[str, int]
    note: str | None = None
    either: list[int | str] = []
    roles: list[Literal["a", "b"]] = []


def test_the_committed_file_is_what_the_structs_say() -> None:
    committed = typescript.DESTINATION.read_text(encoding="utf-8")
    assert committed == typescript.print_contract(), "run: python -m server.typescript"


def test_every_data_channel_message_is_printed_with_its_tag() -> None:
    printed = typescript.print_contract()
    for tag in ("hello", "caption", "cue", "checklist", "pipeline", "scorecard", "notice"):
        assert f'readonly type: "{tag}";' in printed
    assert "export type ChannelMessage = Hello | Caption | Cue" in printed


def test_a_struct_becomes_an_interface() -> None:
    assert typescript.print_struct(Inner) == (
        "/** What a part looks like. */\n"
        'export interface Inner {\n  readonly type: "inner";\n  readonly lane: "a" | "b";\n}\n'
    )
    assert typescript.print_struct(Outer) == (
        "export interface Outer {\n"
        "  readonly parts: readonly Inner[];\n"
        "  readonly counts: Readonly<Record<string, number>>;\n"
        "  readonly note: string | null;\n"
        "  readonly either: readonly (number | string)[];\n"
        '  readonly roles: readonly ("a" | "b")[];\n'
        "}\n"
    )


def test_a_kind_without_a_spelling_is_an_error_and_not_a_guess() -> None:
    class Odd(msgspec.Struct):
        raw: bytes

    with pytest.raises(typescript.NoTypeScript, match="BytesType"):
        typescript.print_struct(Odd)


def test_only_what_the_browser_may_see_is_printed() -> None:
    names = set(re.findall(r"export interface (\w+)", typescript.print_contract()))
    assert receipts.PurgeReceipt.__name__ in names
    assert not names & {messages.Pcm.__name__, messages.Outcome.__name__, messages.CallPlan.__name__}
