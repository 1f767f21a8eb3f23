"""Stop, hold and card number in two real browsers: both pages say what is true, and the receipt says it again."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.axe import AXE, THEMES, violations
from e2e.conftest import Installation, Launch, messages, new_page, sign_in
from e2e.conversation import Conversation, heard_energy, until

pytestmark = pytest.mark.timeout(240)

PICTURES = os.environ.get("CLINIXCUE_PICTURES")
SINCE = re.compile(r"Nothing is listened to since \d\d:\d\d:\d\d")


@pytest.fixture
def conversation(installation: Installation, launch: Launch, tmp_path: Path) -> Conversation:
    c = Conversation(installation, launch, tmp_path)
    for page in (c.agent, c.caller):
        page.add_init_script(path=AXE)
    return c


def looks_right(page: Page, name: str) -> None:
    """In both themes nothing is against WCAG that a program can find; pictures for whoever wants to look."""
    assert list(violations(page, name)) == []
    for theme in THEMES if PICTURES is not None else ():
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.screenshot(path=Path(PICTURES or "") / f"{name}-{theme}.png", full_page=True)


def receipt(page: Page) -> dict[str, Any]:
    page.wait_for_function("window.instruments.messages.some(m => m.message.type === 'purged')")
    found: dict[str, Any] = messages(page, "purged")[-1]["message"]["receipt"]
    return found


def test_a_caller_stops_the_listening(conversation: Conversation, installation: Installation, launch: Launch) -> None:
    c = conversation
    c.begin()
    c.agent.get_by_role("switch", name="Captions").click()
    until(c.agent, c.spoken_at(c.caller, c.chest.start + 1.5))
    stop = c.caller.get_by_role("button", name="Stop listening")
    looks_right(c.caller, "caller-listening")
    stop.focus()
    c.caller.keyboard.press("Enter")
    expect(c.caller.get_by_text(SINCE)).to_be_visible()
    expect(c.agent.get_by_text(SINCE)).to_be_visible()
    expect(c.agent.get_by_text("The caller stopped it. It stays so")).to_be_visible()
    expect(c.agent.get_by_role("log").get_by_role("listitem")).to_have_count(0)
    expect(c.agent.get_by_role("button", name="Stop listening")).to_have_count(0)
    looks_right(c.caller, "caller-stopped")
    looks_right(c.agent, "agent-stopped")
    before = heard_energy(c.agent)

    # They go on talking, and nobody listens, also after a reload.
    c.after(c.no_pain, 0.5)
    assert heard_energy(c.agent) > before
    c.agent.reload()
    expect(c.agent.get_by_role("heading", name="In call")).to_be_visible()
    expect(c.agent.get_by_text(SINCE)).to_be_visible()
    c.after(c.card, 2.0)
    assert messages(c.agent, "cue") == messages(c.agent, "caption") == []

    c.caller.get_by_role("button", name="Hang up").click()
    expect(c.caller.get_by_text("The computer's listening was stopped during this call.")).to_be_visible()
    expect(c.agent.get_by_text("Not scored: the caller stopped the listening")).to_be_visible()
    seen = receipt(c.agent)
    assert (seen["stopped_by"], seen["complete"]) == ("patient", True)
    assert seen["frames_heard"] < seen["frames_in"] == seen["frames_wiped"]
    c.agent.get_by_text("Purge receipt").click()
    expect(c.agent.get_by_text(seen["hash"])).to_be_visible()
    expect(c.agent.get_by_text(re.compile("stopped by the caller at 0:"))).to_be_visible()
    looks_right(c.agent, "agent-receipt")
    the_manager_reads_the_same(seen, installation, launch)


def the_manager_reads_the_same(seen: dict[str, Any], installation: Installation, launch: Launch) -> None:
    manager = new_page(launch(Path("/dev/null")))
    manager.add_init_script(path=AXE)
    sign_in(manager, installation, "maria.manager", "/portal")
    row = manager.get_by_role("row").filter(has_text="the caller stopped the listening").first
    row.get_by_role("link").first.click()
    expect(manager.get_by_text(seen["hash"])).to_be_visible()
    expect(manager.get_by_text("Every frame that came in was wiped")).to_be_visible()
    looks_right(manager, "portal-receipt")


def test_a_hold_and_a_card_number_pause_it(conversation: Conversation) -> None:
    c = conversation
    c.begin()
    expect(c.agent.get_by_text("Cues live").first).to_be_visible()
    c.agent.keyboard.press("Alt+Shift+KeyO")
    expect(c.agent.get_by_role("button", name="On hold")).to_have_attribute("aria-pressed", "true")
    expect(c.caller.get_by_text("You are on hold", exact=True)).to_be_visible()
    looks_right(c.caller, "caller-on-hold")
    looks_right(c.agent, "agent-on-hold")
    before = heard_energy(c.agent)
    c.after(c.chest, 0.5)
    assert heard_energy(c.agent) - before < 0.001, "neither hears the other"
    assert messages(c.agent, "cue") == []
    c.agent.get_by_role("button", name="On hold").click()
    expect(c.caller.get_by_text("You are on hold", exact=True)).to_have_count(0)

    # The card number is cued, and the caller's page does not change.
    c.after(c.card, 2.0)
    c.cue("card_number")
    paused = c.agent.get_by_role("strong").filter(has_text="Listening is paused: card number")
    expect(paused).to_be_visible()
    expect(c.caller.get_by_role("button", name="Stop listening")).to_be_visible()
    looks_right(c.agent, "agent-card-number")
    c.agent.keyboard.press("Alt+Shift+KeyL")
    expect(paused).to_have_count(0)

    # The agent may stop it, too: in two steps, because there is no way back.
    c.agent.get_by_role("button", name="Stop listening").click()
    looks_right(c.agent, "agent-asked")
    c.agent.get_by_role("button", name="Go on listening").click()
    c.agent.get_by_role("button", name="Stop listening").click()
    c.agent.get_by_role("button", name="Stop listening").click()
    expect(c.caller.get_by_text("Reception stopped it.")).to_be_visible()
    c.agent.keyboard.press("Alt+Shift+KeyH")
    expect(c.agent.get_by_text("Not scored: reception stopped the listening")).to_be_visible()
    seen = receipt(c.agent)
    assert [pause["reason"] for pause in seen["pauses"]] == ["hold", "card_number"]
    assert (seen["stopped_by"], seen["complete"]) == ("agent", True)
    assert seen["wipe_ms"] is not None
