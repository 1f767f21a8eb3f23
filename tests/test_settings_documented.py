"""docs/settings.md says what the declarations say."""

from pathlib import Path

import msgspec

from server.settings_document import PROCESSES, document

WRITTEN = Path(__file__).parents[1] / "docs" / "settings.md"


def test_document_is_up_to_date() -> None:
    assert WRITTEN.read_text() == document(), "run: .venv/bin/python -m server.settings_document > docs/settings.md"


def test_every_setting_has_a_description() -> None:
    rows = [line for line in document().splitlines() if line.startswith("| `CLINIXCUE_")]
    assert [row for row in rows if row.split(" | ")[-1].strip(" |") == ""] == []
    sections = {field.name: field.type for kind in PROCESSES.values() for field in msgspec.structs.fields(kind)}
    assert len(rows) == sum(len(msgspec.structs.fields(kind)) for kind in sections.values())
