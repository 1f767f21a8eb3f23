"""A manager's own playbook in the portal: written, refused with its line, published, and used by the next call."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from e2e.conftest import Installation, Launch, messages, new_page, sign_in
from tests.support.playbooks import GOOD_CASES, MISSED, SMALL

pytestmark = pytest.mark.timeout(240)

PRACTICE = "Harbour Dental"
SILENT = Path("/dev/null")
LIST = "/portal/playbooks"
OURS = "dental"
SELECTED = (
    "document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)"
)
SEEN = """() => {
  const { scrollTop, clientHeight, scrollHeight, value, selectionStart } = document.activeElement;
  const at = scrollHeight * value.slice(0, selectionStart).split("\\n").length / value.split("\\n").length;
  return at > scrollTop && at < scrollTop + clientHeight + 30;
}"""


def file(text: str, name: str = "playbook.yaml") -> FilePayload:
    return {"name": name, "mimeType": "text/yaml", "buffer": text.encode()}


def heading(page: Page, name: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", name=name, exact=isinstance(name, str))).to_be_visible()


@pytest.fixture
def manager(installation: Installation, launch: Launch) -> Page:
    page = new_page(launch(SILENT))
    sign_in(page, installation, "hugo.manager", LIST)
    heading(page, "Start a playbook")
    return page


def begin(page: Page, text: str, name: str) -> None:
    page.get_by_label("Or begin with a file").set_input_files(file(text))
    heading(page, name)


def publish(page: Page) -> None:
    page.get_by_role("button", name="Publish", exact=True).click()


def test_a_bad_file_says_where_and_is_published_once_it_is_right(manager: Page) -> None:
    many = "".join(f"  # remark {number}\n" for number in range(150))
    bad = SMALL.replace("name: small", "name: desk").replace("conditions:\n", f"conditions:\n{many}")
    begin(manager, bad.replace("weight: 100", "weight: 99"), "desk")
    yaml = manager.get_by_role("textbox", name="Playbook (YAML)")
    expect(manager.get_by_text("the weights sum to 99, must be 100")).to_be_visible()
    expect(manager.get_by_role("button", name="Publish", exact=True)).to_have_attribute("aria-disabled", "true")
    manager.get_by_role("button", name="Line 164").press("Enter")
    expect(yaml).to_be_focused()
    assert manager.evaluate(SELECTED) == "criteria:"
    assert manager.evaluate(SEEN)
    manager.keyboard.press("ArrowRight")
    manager.keyboard.press("ArrowDown")
    manager.keyboard.press("End")
    for _ in range(len("99, met_by: [greeted]}")):
        manager.keyboard.press("Backspace")
    manager.keyboard.type("100, met_by: [greeted]}")
    expect(manager.get_by_text("Not saved yet")).to_be_visible()
    manager.get_by_role("link", name="All playbooks").click()
    manager.get_by_role("link", name="desk").click()
    expect(manager.get_by_text("Not saved yet")).to_be_visible()
    yaml.press("Control+s")
    expect(manager.get_by_text("Nothing is wrong with it")).to_be_visible()
    publish(manager)
    expect(manager.get_by_text("Version 1 is published. Calls that begin from now on use it.")).to_be_visible()
    expect(manager.get_by_text("by Hugo Keller. No line uses it yet")).to_be_visible()
    with manager.expect_download() as downloading:
        manager.get_by_role("link", name="Download version 1").click()
    assert Path(downloading.value.path()).read_text() == bad
    assert downloading.value.suggested_filename == "playbook-v1.yaml"


def test_a_version_whose_safety_case_fails_is_refused_and_the_difference_is_shown(manager: Page) -> None:
    begin(manager, SMALL.replace("name: small", "name: careful"), "careful")
    cases = manager.get_by_role("textbox", name="Your cases")
    cases.fill(GOOD_CASES)
    publish(manager)
    expect(manager.get_by_text("Version 1 is published. Calls")).to_be_visible()
    manager.get_by_role("button", name="Begin a draft from it").click()
    expect(cases).to_have_value(GOOD_CASES)
    cases.fill(GOOD_CASES + MISSED)
    yaml = manager.get_by_role("textbox", name="Playbook (YAML)")
    yaml.fill(yaml.input_value().replace("good morning", "good day"))
    publish(manager)
    refused = manager.get_by_role("alert").filter(has_text="Not published")
    expect(refused).to_contain_text("Line 3 of your cases: chest_pain is missed: “There is an elephant on my ribs.”")
    expect(manager.get_by_text("1 safety case fails")).to_be_visible()
    expect(manager.get_by_role("row", name=re.compile("chest_pain safety cue 2 1 0 1.00 0.50"))).to_be_visible()
    manager.get_by_role("button", name="line 3", exact=True).click()
    expect(cases).to_be_focused()
    assert manager.evaluate(SELECTED) == MISSED.strip()
    manager.get_by_text("What the saved draft changes in version 1").click()
    changes = manager.get_by_role("region", name="Change 1 in conditions, greeted")
    expect(changes.get_by_role("listitem").filter(has_text="removed:")).to_contain_text("good morning")
    expect(changes.get_by_role("listitem").filter(has_text="added:")).to_contain_text("good day")
    manager.reload()
    expect(manager.get_by_text("Version 1 is published since")).to_be_visible()
    expect(yaml).to_have_value(re.compile("good day"))


def test_another_practice_sees_nothing_and_an_agent_has_no_such_page(
    installation: Installation, launch: Launch, manager: Page
) -> None:
    begin(manager, SMALL.replace("name: small", "name: harbours-own"), "harbours-own")
    address = manager.url.removeprefix(installation.url)
    maria = new_page(launch(SILENT))
    sign_in(maria, installation, "maria.manager", LIST)
    heading(maria, "Start a playbook")
    expect(maria.get_by_text("harbours-own")).to_have_count(0)
    maria.goto(f"{installation.url}{address}")
    expect(maria.get_by_role("alert")).to_contain_text("This playbook is not known")
    agent = new_page(launch(SILENT))
    sign_in(agent, installation, "ben.agent", LIST)
    expect(agent.get_by_role("alert")).to_contain_text("You may not do this")
    expect(agent.get_by_role("link", name="Playbooks")).to_have_count(0)
    manager.get_by_role("button", name="Discard the draft").click()
    heading(manager, "Start a playbook")
    expect(manager.get_by_role("link", name="harbours-own")).to_have_count(0)


def labels(agent: Page) -> list[str]:
    """The checklist of the agent's call, as it was sent last."""
    return [item["label"] for item in messages(agent, "hello")[-1]["message"]["checklist"]]


def ring(caller: Page, agent: Page, installation: Installation) -> None:
    caller.goto(installation.links[PRACTICE])
    caller.get_by_role("button", name="Call", exact=True).click()
    heading(agent, "Incoming call")
    agent.get_by_role("button", name="Answer").click()
    heading(agent, "In call")
    heading(caller, "You are through")


def test_the_next_call_uses_it_and_a_call_in_progress_does_not(
    installation: Installation, launch: Launch, manager: Page
) -> None:
    agent, caller = new_page(launch(SILENT)), new_page(launch(SILENT))
    sign_in(agent, installation, "ben.agent", "/softphone")
    agent.get_by_role("button", name="Go available").click()
    heading(agent, "You are available")
    ring(caller, agent, installation)
    expect(agent.get_by_text("Cues live")).to_be_visible()
    before = labels(agent)
    assert len(before) > 5
    try:
        begin(manager, SMALL.replace("name: small", f"name: {OURS}").replace("label: Greets", "label: Says moin"), OURS)
        publish(manager)
        expect(manager.get_by_text("Version 2 is published. Calls")).to_be_visible()
        agent.reload()
        heading(agent, "In call")
        agent.wait_for_function("window.instruments.messages.some(m => m.message.type === 'hello')")
        assert labels(agent) == before, "the call in progress keeps the playbook it began with"
        agent.get_by_role("button", name="Hang up").click()
        heading(agent, "Call ended")
        agent.get_by_role("button", name="Ready for the next call").click()
        agent.get_by_role("button", name="Go available").click()
        heading(agent, "You are available")
        ring(caller, agent, installation)
        expect(agent.get_by_text("Says moin")).to_be_visible()
        assert labels(agent) == ["Says moin"]
        agent.get_by_role("button", name="Hang up").click()
        heading(agent, "Call ended")
        manager.goto(f"{installation.url}/portal")
        for whose in ("your version 2", "our version 1"):
            expect(manager.get_by_role("cell", name=f"{OURS}, {whose}").first).to_be_visible()
    finally:
        manager.goto(f"{installation.url}{LIST}")
        manager.get_by_role("link", name=OURS, exact=True).click()
        manager.get_by_role("button", name="Archive this playbook").click()
        expect(manager.get_by_text("Archived. No call uses it from now on.")).to_be_visible()
