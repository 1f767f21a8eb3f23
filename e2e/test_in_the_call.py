"""Cards by keyboard, what ticked a criterion for the agent alone, and a score that is contested and decided."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Installation, Launch, messages, new_page, sign_in
from e2e.conversation import Conversation
from e2e.test_call import CUE_SECONDS

pytestmark = pytest.mark.timeout(240)

SILENT = Path("/dev/null")
WINDOW_MS = 75_000
"""A minute after the call, and some time to notice."""

STORED = """async () => {
  const databases = await indexedDB.databases();
  const caches_ = await caches.keys();
  return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state, databases, caches_,
    name, location.href, document.title]);
}"""

FORGET_INSTRUMENTS = "() => { window.instruments.messages.length = 0; }"


class Watched:
    """Everything a page could take words to, and whether some words are there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._sent: list[str] = []
        page.on("request", lambda request: self._sent.append(f"{request.url} {request.post_data or ''}"))
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: self._sent.append(str(frame))))

    def places_of(self, phrases: list[str]) -> set[str]:
        self.page.evaluate(FORGET_INSTRUMENTS)
        found = {
            "page": self.page.content(),
            "storage": str(self.page.evaluate(STORED)),
            "sent": "\n".join([*self._sent, *self.page.evaluate("window.instruments.sent")]),
            "heap": self._heap(),
        }
        return {place for place, text in found.items() if any(phrase in text for phrase in phrases)}

    def _heap(self) -> str:
        """Every string that the page's JavaScript still reaches, after its rubbish was collected."""
        chunks: list[str] = []
        session = self.page.context.new_cdp_session(self.page)
        session.on("HeapProfiler.addHeapSnapshotChunk", lambda event: chunks.append(event["chunk"]))
        session.send("HeapProfiler.enable")
        session.send("HeapProfiler.collectGarbage")
        session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
        session.detach()
        snapshot: dict[str, Any] = json.loads("".join(chunks))
        return "\n".join(snapshot["strings"])


def phrases_of(texts: list[str]) -> list[str]:
    """Runs of three words, without the punctuation that JSON and HTML write in other ways."""
    found = []
    for text in texts:
        for run in re.split(r"[^\w ]+", text):
            words = run.split()
            found += [" ".join(words[at : at + 3]) for at in range(len(words) - 2)]
    return found


@pytest.fixture
def conversation(installation: Installation, launch: Launch, tmp_path: Path) -> Conversation:
    return Conversation(installation, launch, tmp_path)


def test_the_words_of_a_tick_are_the_agents_alone_and_vanish(
    conversation: Conversation, installation: Installation, launch: Launch
) -> None:
    c = conversation
    watched = Watched(c.agent)
    c.begin()
    c.after(c.chest, CUE_SECONDS)
    card = c.agent.get_by_role("article")
    expect(card).to_contain_text("Safety")
    c.agent.keyboard.press("Alt+Shift+Digit3")
    expect(card.get_by_role("button", name="Later")).to_have_count(0)
    expect(card, "safety cannot be put off").to_be_visible()
    c.agent.keyboard.press("Alt+Shift+Digit1")
    expect(card, "acknowledged by keyboard").to_have_count(0)
    c.agent.get_by_role("button", name="Hang up").click()
    expect(c.agent.get_by_role("heading", name="Call ended")).to_be_visible()

    expect(c.agent.get_by_text("Only you see them")).to_be_visible()
    quotes = c.agent.locator("blockquote")
    expect(quotes.first).to_contain_text("You")
    said = [str(m["message"]["text"]) for m in messages(c.agent, "caption")]
    phrases = phrases_of(said)
    assert any(phrase in quotes.first.inner_text() for phrase in phrases)
    unquoted = [phrase for phrase in phrases_of([c.chest.text]) if phrase in " ".join(phrases)]
    assert unquoted, f"the caller was understood: {said}"
    call_id = messages(c.agent, "hello")[0]["message"]["call_id"]
    the_search_finds_what_is_there(watched, phrases)

    emergency = c.agent.locator("tr", has_text="emergency route")
    emergency.get_by_role("button", name=re.compile("^Contest")).click()
    c.agent.get_by_role("radio", name="I said it in other words").check()
    c.agent.get_by_role("button", name="Send to your manager").click()
    expect(emergency).to_contain_text("Contested by Tom")

    expect(c.agent.get_by_text("The words are gone")).to_be_visible(timeout=WINDOW_MS)
    expect(quotes).to_have_count(0)
    assert watched.places_of(phrases) == set()
    a_manager_revises(call_id, installation, launch)
    the_agent_reads_the_answer(c.agent, installation, call_id)


def the_search_finds_what_is_there(watched: Watched, phrases: list[str]) -> None:
    """Otherwise an empty result later would prove nothing."""
    page = watched.page
    assert watched.places_of(phrases) == {"page", "heap"}, "quoted from memory, and nowhere else"
    page.evaluate("words => sessionStorage.setItem('planted', words)", phrases[0])
    assert "storage" in watched.places_of(phrases)
    page.evaluate("() => sessionStorage.removeItem('planted')")
    page.evaluate("words => fetch('/healthz/live', { method: 'POST', body: words }).then(() => undefined)", phrases[0])
    assert "sent" in watched.places_of(phrases)
    watched._sent.clear()


def a_manager_revises(call_id: str, installation: Installation, launch: Launch) -> None:
    manager = new_page(launch(SILENT))
    sign_in(manager, installation, "maria.manager", "/portal")
    manager.get_by_role("link", name="waiting for a decision").click()
    rows = manager.locator("tr[data-evaluation]")
    expect(rows.first).to_contain_text("In review")
    evaluation = manager.evaluate(
        "call => fetch('/api/evaluations').then(r => r.json()).then(p => p.items.find(i => i.call_id === call).id)",
        call_id,
    )
    manager.locator(f"tr[data-evaluation='{evaluation}']").get_by_role("link").click()
    emergency = manager.locator("tr[data-criterion]", has_text="emergency route")
    expect(emergency).to_contain_text("I said it in other words")
    expect(emergency.locator("blockquote")).to_have_count(0)
    emergency.get_by_role("button", name="Revise to “Met”").click()
    manager.get_by_role("radio", name="The receptionist's account is accepted").check()
    manager.get_by_role("button", name="Revise", exact=True).click()
    expect(emergency).to_contain_text("revised to")
    expect(emergency.locator(".criterion-state.not_met"), "the first result stays").to_be_visible()
    expect(manager.get_by_text(re.compile(r"Revised to \d+ of 100"))).to_be_visible()
    manager.get_by_role("link", name="Which cues help").click()
    sums = manager.locator("tr[data-trigger=chest_pain]")
    expect(sums).to_contain_text("Chest pain")
    assert "Tom" not in manager.locator("main").inner_text()


def the_agent_reads_the_answer(agent: Page, installation: Installation, call_id: str) -> None:
    agent.get_by_role("button", name="Ready for the next call").click()
    evaluation = agent.evaluate(
        "call => fetch(`/api/calls/${call}/outcome`).then(r => r.json()).then(e => e.id)", call_id
    )
    agent.goto(f"{installation.url}/portal/evaluations/{evaluation}")
    expect(agent.locator("tr[data-criterion]", has_text="emergency route")).to_contain_text("Revised to “Met” by Maria")
    agent.get_by_role("button", name="I have read this").click()
    expect(agent.get_by_text("You have read this")).to_be_visible()
