"""Every page and state by axe-core, a whole call by keyboard alone, and nothing for the browser to complain of."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.axe import Complaints, violations
from e2e.conftest import Installation, Launch, new_page, sign_in
from e2e.conversation import PRACTICE, Conversation
from tests.support.playbooks import GOOD_CASES, MISSED

pytestmark = pytest.mark.timeout(240)

SILENT = Path("/dev/null")
MOST_TABS = 40
SPOIL = """() => {
  const pale = document.createElement("p");
  pale.setAttribute("style", "color: red");
  pale.textContent = "hardly to be seen";
  pale.style.color = "#bbb";
  pale.style.width = "1000px";
  document.querySelector("main").append(document.createElement("img"), pale);
}"""
"""A picture without words, a style the policy forbids, pale text, and too wide for a narrow screen."""


class Walk:
    """Looks at pages and gathers what is wrong with them, so that one run shows everything."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.found: list[str] = []
        self._complaints: list[Complaints] = []

    def watch(self, page: Page, *expected: int) -> Page:
        self._complaints.append(Complaints(page, self.installation, expected))
        return page

    def look(self, page: Page, state: str) -> None:
        self.found += violations(page, state)

    def end(self) -> None:
        complaints = [complaint for page in self._complaints for complaint in page.found]
        everything = "\n".join(self.found + complaints)
        assert not everything, everything


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_every_page_and_state(installation: Installation, launch: Launch, tmp_path: Path) -> None:
    walk = Walk(installation)
    softphone_and_caller(walk, Conversation(installation, launch, tmp_path))
    browser = launch(SILENT)
    unknown_link(walk, browser)
    portal(walk, browser)
    walk.end()


def softphone_and_caller(walk: Walk, c: Conversation) -> None:
    agent, caller = walk.watch(c.agent), walk.watch(c.caller)
    sign_in(agent, c.installation, "tom.agent", "/softphone")
    heading(agent, "You are away")
    walk.look(agent, "softphone, away")
    agent.get_by_role("button", name="Go available").click()
    heading(agent, "You are available")
    walk.look(agent, "softphone, available")
    caller.goto(c.installation.links[PRACTICE])
    heading(caller, "Before you call")
    walk.look(caller, "caller, notice")

    caller.get_by_role("button", name="Call", exact=True).click()
    heading(caller, "Ringing…")
    heading(agent, "Incoming call")
    walk.look(agent, "softphone, ringing")
    walk.look(caller, "caller, ringing")

    agent.get_by_role("button", name="Answer").click()
    heading(agent, "In call")
    agent.get_by_role("switch", name="Captions").click()
    heading(caller, "You are through")
    walk.look(caller, "caller, connected")
    c.after(c.chest, 0.0)
    expect(agent.get_by_role("article")).to_contain_text("Safety")
    walk.look(agent, "softphone, in call with a cue")

    agent.get_by_role("button", name="Hang up").click()
    heading(agent, "Call ended")
    expect(agent.get_by_text("Only you see them")).to_be_visible()
    walk.look(agent, "softphone, result with quotes")
    agent.get_by_role("button", name="Contest: ").first.click()
    walk.look(agent, "softphone, contesting")
    agent.get_by_role("radio").first.check()
    agent.get_by_role("button", name="Send to your manager").click()
    expect(agent.get_by_text("Contested by")).to_be_visible()
    expect(agent.locator("ol.steps"), "what the form became").to_be_focused()
    agent.get_by_role("button", name="Contest: ").first.press("Enter")
    agent.get_by_role("button", name="Cancel").press("Enter")
    expect(agent.get_by_role("button", name="Contest: ").first).to_be_focused()
    agent.get_by_role("button", name="Forget them now").press("Enter")
    expect(agent.get_by_role("heading", name="Scorecard")).to_be_focused()
    expect(agent.get_by_text("The words are gone")).to_be_visible()
    walk.look(agent, "softphone, result")
    heading(caller, "The call has ended")
    walk.look(caller, "caller, over")


def unknown_link(walk: Walk, browser: Browser) -> None:
    stranger = walk.watch(new_page(browser), 404)
    stranger.goto(f"{walk.installation.url}/call/there-is-no-such-link")
    heading(stranger, "This call link is not known")
    walk.look(stranger, "caller, unknown link")


def portal(walk: Walk, browser: Browser) -> None:
    manager = walk.watch(new_page(browser), 422)
    sign_in(manager, walk.installation, "maria.manager", "/portal")
    rows = manager.locator("tr[data-evaluation]")
    expect(rows.first).to_be_visible()
    walk.look(manager, "portal, list")
    manager.get_by_role("link", name="waiting for a decision").click()
    rows.first.get_by_role("link").click()
    heading(manager, "Purge receipt")
    walk.look(manager, "portal, one evaluation")
    manager.get_by_role("button", name="Uphold").first.click()
    walk.look(manager, "portal, deciding")
    manager.get_by_role("radio").first.check()
    manager.get_by_role("button", name="Uphold").click()
    expect(manager.get_by_text("Upheld by")).to_be_visible()
    walk.look(manager, "portal, decided")
    manager.get_by_role("link", name="Which cues help").click()
    expect(manager.locator("tr[data-trigger=chest_pain]")).to_be_visible()
    walk.look(manager, "portal, which cues help")
    words(walk, manager)
    playbooks(walk, manager)
    officer = walk.watch(new_page(browser))
    sign_in(officer, walk.installation, "dora.dpo", "/portal")
    heading(officer, "No scores for your role")
    walk.look(officer, "portal, data protection officer")


def words(walk: Walk, manager: Page) -> None:
    manager.get_by_role("link", name="Words we use").click()
    field = manager.get_by_role("textbox", name="One name or word on each line")
    expect(field).to_have_value(re.compile("Okonkwo"))
    walk.look(manager, "portal, words we use")
    manager.get_by_role("button", name="Save words").click()
    expect(manager.get_by_text("Saved.")).to_be_visible()
    walk.look(manager, "portal, words saved")
    field.fill("Dr Okonkwo\n?")
    manager.get_by_role("button", name="Save words").click()
    expect(manager.get_by_text("Line 2:")).to_be_visible()
    walk.look(manager, "portal, words refused")


def playbooks(walk: Walk, manager: Page) -> None:
    manager.get_by_role("link", name="Playbooks").click()
    heading(manager, "Start a playbook")
    walk.look(manager, "portal, playbooks")
    manager.get_by_role("textbox", name="Its name").fill("our-desk")
    manager.get_by_role("button", name="Start from ours").click()
    yaml = manager.get_by_role("textbox", name="Playbook (YAML)")
    good = yaml.input_value()
    walk.look(manager, "portal, playbook begun")
    yaml.fill(good.replace("weight: ", "weight: 1", 1))
    manager.get_by_role("button", name="Save and check").click()
    expect(manager.get_by_text("It cannot be published like this")).to_be_visible()
    walk.look(manager, "portal, playbook with a fault")
    yaml.fill(good.replace("title: ", "title: Our ", 1))
    manager.get_by_role("textbox", name="Your cases").fill(GOOD_CASES + MISSED)
    manager.get_by_role("button", name="Publish", exact=True).click()
    expect(manager.get_by_text("Not published")).to_be_visible(timeout=60_000)
    manager.get_by_text("What the saved draft changes").click()
    expect(manager.get_by_text("2 lines added, 2 removed")).to_be_visible()
    walk.look(manager, "portal, playbook refused")
    manager.get_by_role("textbox", name="Your cases").fill("")
    manager.get_by_role("button", name="Publish", exact=True).click()
    expect(manager.get_by_text("is published. Calls that begin")).to_be_visible(timeout=60_000)
    walk.look(manager, "portal, playbook published")
    manager.get_by_role("button", name="Archive this playbook").click()
    expect(manager.get_by_text("Archived. No call uses it")).to_be_visible()
    walk.look(manager, "portal, playbook archived")


def test_the_checks_find_what_is_wrong(installation: Installation, launch: Launch) -> None:
    """Otherwise the test above would prove nothing."""
    page = new_page(launch(SILENT))
    complaints = Complaints(page, installation)
    page.goto(installation.links[PRACTICE])
    heading(page, "Before you call")
    page.evaluate(SPOIL)
    found = "\n".join(violations(page, "spoiled"))
    assert "image-alt at " in found
    assert "color-contrast at " in found
    assert "spoiled, dark, 320: scrolls sideways" in found
    assert "style-src-attr held back inline" in "\n".join(complaints.found)


def press(page: Page, button: str) -> None:
    """With the Tab key to the button of that name, then Enter. The focus must be seen on the way."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.get_by_role("button", name=button, exact=True).and_(page.locator(":focus")).count():
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"nobody sees that {button} has the focus"
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"no way to {button} with the keyboard in {MOST_TABS} steps")


def test_a_call_by_keyboard_alone(installation: Installation, launch: Launch) -> None:
    walk = Walk(installation)
    agent, caller = walk.watch(new_page(launch(SILENT))), walk.watch(new_page(launch(SILENT)))
    sign_in(agent, installation, "tom.agent", "/softphone")
    press(agent, "Go available")
    heading(agent, "You are available")
    caller.goto(installation.links[PRACTICE])
    heading(caller, "Before you call")
    press(caller, "Call")
    heading(caller, "Ringing…")
    heading(agent, "Incoming call")
    press(agent, "Answer")
    heading(agent, "In call")
    heading(caller, "You are through")
    press(agent, "Mute")
    expect(agent.get_by_text("You are muted")).to_be_visible()
    press(agent, "Muted")
    press(agent, "Hang up")
    heading(agent, "Call ended")
    heading(caller, "The call has ended")
    press(agent, "Ready for the next call")
    heading(agent, "You are available")
    press(caller, "Call again")
    heading(caller, "Before you call")
    walk.end()
