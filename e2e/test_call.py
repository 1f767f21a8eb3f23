"""One real call, two people, two browsers, every process: the path everything else hangs on."""

import os
import re
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.conftest import Installation, Launch, messages, new_page, sign_in
from e2e.conversation import Conversation, heard_energy, until, wall_clock

pytestmark = pytest.mark.timeout(240)

CUE_SECONDS = 2.0
"""The bar of this test; how fast cues really are is measured by the benchmark."""

EVALUATION_OF = """call => fetch("/api/evaluations").then((response) => response.json())
  .then((page) => page.items.find((item) => item.call_id === call).id)"""


@pytest.fixture
def conversation(installation: Installation, launch: Launch, tmp_path: Path) -> Conversation:
    return Conversation(installation, launch, tmp_path)


def test_a_call_from_ring_to_score(conversation: Conversation, installation: Installation, launch: Launch) -> None:
    c = conversation
    c.begin()

    # Both hear each other: each side's received energy grows while, and only while, the other one speaks.
    until(c.agent, c.spoken_at(c.caller, c.chest.start - 0.5))
    agent_heard_before, caller_heard = heard_energy(c.agent), heard_energy(c.caller)
    assert caller_heard > 0.001, "the caller heard the greeting"
    assert agent_heard_before < caller_heard / 10, "nobody has spoken to the agent yet"
    c.after(c.chest, CUE_SECONDS)
    assert heard_energy(c.agent) - agent_heard_before > 0.001, "the agent heard the caller"
    assert heard_energy(c.caller) - caller_heard < 0.001, "the caller does not hear an echo"

    # The safety cue is there before the caller's turn is two seconds over, and a person can see it.
    assert c.cue("chest_pain") < c.spoken_at(c.caller, c.chest.end) + CUE_SECONDS * 1000
    card = c.agent.get_by_role("article")
    expect(card).to_contain_text("Safety")
    expect(card).to_contain_text("999")
    card.get_by_role("button", name="Acknowledge").click()
    expect(card).to_have_count(0)

    # "I don't have any pain or swelling" raises nothing.
    c.after(c.no_pain, CUE_SECONDS)
    assert c.cues_between(c.spoken_at(c.caller, c.no_pain.start), c.spoken_at(c.caller, c.card.start)) == []

    c.after(c.card, CUE_SECONDS)
    assert c.cue("card_number") < c.spoken_at(c.caller, c.card.end) + CUE_SECONDS * 1000
    expect(card).to_contain_text("Compliance")

    # What is put off is in a list, and comes back when asked for.
    expect(card.get_by_role("button", name="Later")).not_to_have_attribute("aria-disabled", "true")
    c.agent.keyboard.press("Alt+Shift+Digit3")
    expect(c.agent.get_by_role("list", name="Later")).to_contain_text("no card numbers")
    c.agent.keyboard.press("Alt+Shift+Digit4")
    expect(card).to_contain_text("Compliance")
    expect(c.agent.get_by_role("list", name="Later")).to_have_count(0)

    # Hang-up: the agent sees the score, the pipeline ends purged, the caller sees the end.
    c.caller.get_by_role("button", name="Hang up").click()
    expect(c.caller.get_by_role("heading", name="The call has ended")).to_be_visible()
    expect(c.agent.get_by_role("heading", name="Call ended")).to_be_visible()
    c.agent.get_by_role("button", name="Forget them now").click()
    expect(c.agent.get_by_text("The words are gone")).to_be_visible()
    last = messages(c.agent, "pipeline")[-1]["message"]
    assert last["stage"] == "purge"
    assert last["frames_wiped"] == last["frames_in"] > 1000
    assert last["buffered_ms"] == 0

    call_id = messages(c.agent, "hello")[0]["message"]["call_id"]
    the_manager_sees_it_and_the_other_practice_does_not(call_id, installation, launch)


def the_manager_sees_it_and_the_other_practice_does_not(
    call_id: str, installation: Installation, launch: Launch
) -> None:
    browser = launch(Path("/dev/null"))
    manager = new_page(browser)
    sign_in(manager, installation, "maria.manager", "/portal")
    evaluation = manager.evaluate(EVALUATION_OF, call_id)
    row = manager.locator(f"tr[data-evaluation='{evaluation}']")
    expect(row).to_contain_text("Tom")
    row.get_by_role("link").first.click()
    expect(manager.get_by_text(re.compile("Gave the emergency route"))).to_be_visible()
    expect(manager.get_by_text(re.compile("wiped", re.IGNORECASE)).first).to_be_visible()

    other = new_page(browser)
    sign_in(other, installation, "hugo.manager", "/portal")
    expect(other.get_by_text("No calls yet")).to_be_visible()
    status = other.evaluate("id => fetch(`/api/evaluations/${id}`).then(r => r.status)", evaluation)
    assert status == 404, "not even that it exists"


def test_a_caller_may_say_no_to_analysis(conversation: Conversation) -> None:
    c = conversation
    c.begin("Put me through without analysis")
    expect(c.caller.get_by_text("No computer is listening.")).to_be_visible()
    c.after(c.chest, CUE_SECONDS)
    assert heard_energy(c.agent) > 0.001, "they are connected all the same"
    assert messages(c.agent, "caption") == []
    assert messages(c.agent, "cue") == []
    c.agent.get_by_role("button", name="Hang up").click()
    expect(c.caller.get_by_role("heading", name="The call has ended")).to_be_visible()
    expect(c.agent.get_by_role("heading", name="Call ended")).to_be_visible()


def test_a_lost_recogniser_does_not_end_the_call(conversation: Conversation, installation: Installation) -> None:
    c = conversation
    c.begin()
    expect(c.agent.get_by_text("Cues live").first).to_be_visible()
    [speech] = installation.processes("rtc.speech")
    os.kill(speech, signal.SIGSTOP)  # it hangs: nobody starts another one yet
    expect(c.agent.get_by_text("Cues are paused").first).to_be_visible()
    os.kill(speech, signal.SIGKILL)
    until(c.agent, c.spoken_at(c.caller, c.chest.start))
    before = heard_energy(c.agent)
    c.after(c.chest, 0.0)
    assert heard_energy(c.agent) - before > 0.001, "they still hear each other"
    expect(c.agent.get_by_text("Cues live").first).to_be_visible()
    c.after(c.card, CUE_SECONDS)
    c.cue("card_number")
    c.agent.get_by_role("button", name="Hang up").click()
    expect(c.agent.get_by_role("heading", name="Call ended")).to_be_visible()
    expect(c.agent.get_by_text("Not scored: the listener stopped during the call")).to_be_visible()
    scorecard = messages(c.agent, "scorecard")[0]["message"]
    assert scorecard["total"] is None, "half a call is not scored"
    assert scorecard["reason"] == "recogniser_lost"
    assert installation.processes("rtc.speech") != [speech]


def test_clock_is_shared(conversation: Conversation) -> None:
    """The two browsers' clocks, on which the latencies above rest, agree with this machine's."""
    for page in (conversation.caller, conversation.agent):
        page.goto("about:blank")
        assert abs(wall_clock(page) - time.time() * 1000) < 50
