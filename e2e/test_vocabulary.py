"""A manager keeps the practice's words, by keyboard; what is refused is marked where it stands."""

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Installation, Launch, new_page, sign_in
from server.demo import HARBOUR

pytestmark = pytest.mark.timeout(120)

SELECTED = (
    "document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)"
)
FOCUSED = "document.activeElement.textContent"
SEEN = """() => {
  const field = document.activeElement;
  const at = field.scrollHeight * field.value.slice(0, field.selectionStart).split("\\n").length
    / field.value.split("\\n").length;
  return at > field.scrollTop && at < field.scrollTop + field.clientHeight;
}"""


def manager(installation: Installation, launch: Launch) -> Page:
    page = new_page(launch(None))
    sign_in(page, installation, "hugo.manager", "/portal/words")
    expect(page.get_by_role("textbox")).to_have_value("\n".join(HARBOUR.vocabulary))
    return page


def save(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "Save words"
    page.keyboard.press("Enter")


def test_words_are_saved_by_keyboard(installation: Installation, launch: Launch) -> None:
    page = manager(installation, launch)
    page.get_by_role("textbox").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("\n\n  Dr   Adeyemi ")
    expect(page.get_by_text("9 of 200, not saved yet")).to_be_visible()
    save(page)
    expect(page.get_by_role("status")).to_have_text("Saved. 9 words, from the next call on.")
    page.reload()
    expect(page.get_by_role("textbox")).to_have_value("\n".join([*HARBOUR.vocabulary, "Dr Adeyemi"]))
    page.get_by_role("textbox").fill("\n".join(HARBOUR.vocabulary))
    save(page)
    expect(page.get_by_role("status")).to_have_text("Saved. 8 words, from the next call on.")


def test_the_refused_line_is_marked_and_nothing_is_lost(installation: Installation, launch: Launch) -> None:
    page = manager(installation, launch)
    field = page.get_by_role("textbox")
    many = [f"Road {number}" for number in range(150)]
    field.fill("\n".join(["", *many[:120], "943 476 5919", *many[120:]]))
    save(page)
    expect(field).to_have_accessible_description(re.compile("^Line 122: “943 476 5919” has no letter"))
    expect(field).to_be_focused()
    assert page.evaluate(SELECTED) == "943 476 5919"
    assert page.evaluate(SEEN)
    page.get_by_role("link", name="Calls").click()
    expect(page.get_by_role("heading", name="Calls at")).to_be_visible()
    page.get_by_role("link", name="Words we use").click()
    expect(field).to_have_value("\n".join(["", *many[:120], "943 476 5919", *many[120:]]))
    expect(page.get_by_text("not saved yet")).to_be_visible()


def test_an_agent_has_no_such_page(installation: Installation, launch: Launch) -> None:
    page = new_page(launch(None))
    sign_in(page, installation, "ben.agent", "/portal/words")
    expect(page.get_by_role("alert")).to_contain_text("You may not do this")
    expect(page.get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_role("link", name="Words we use")).to_have_count(0)
