"""A page that is reloaded, or has moved to another network, is in its call again within seconds."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import INSTRUMENTS, Installation, Launch, messages
from e2e.conversation import Conversation, heard_energy, until, wall_clock

pytestmark = pytest.mark.timeout(240)

BACK_MS = 5000
CUE_SECONDS = 2.0

PACKETS = """async () => {
  const peers = window.instruments.peers.filter((peer) => peer.connectionState === "connected");
  const reports = await Promise.all(peers.map((peer) => peer.getStats()));
  const inbound = reports.flatMap((report) => [...report.values()]).filter((s) => s.type === "inbound-rtp");
  return inbound.reduce((sum, s) => sum + s.packetsReceived, 0);
}"""
HEARS = f"async (before) => (await ({PACKETS})()) > before + 10"


@pytest.fixture
def conversation(installation: Installation, launch: Launch, tmp_path: Path) -> Conversation:
    c = Conversation(installation, launch, tmp_path)
    for page in (c.agent, c.caller):
        page.on("dialog", lambda dialog: dialog.accept())
    return c


def hear_each_other_again(reloaded: Page, other: Page, since: float) -> None:
    """Packets of the one reach the other, both ways, on connections that are up, within BACK_MS of `since`."""
    reloaded.wait_for_function(HEARS, arg=0, timeout=BACK_MS)
    before = other.evaluate(PACKETS)
    other.wait_for_function(HEARS, arg=before, timeout=BACK_MS)
    assert wall_clock(other) - since < BACK_MS


def states(page: Page) -> dict[str, str]:
    """The agent's checklist: criterion to its last state."""
    return {m["message"]["criterion"]: m["message"]["state"] for m in messages(page, "checklist")}


def test_the_agent_reloads_in_mid_call(conversation: Conversation) -> None:
    c = conversation
    c.begin()
    c.after(c.chest, CUE_SECONDS)
    c.cue("chest_pain")
    before = states(c.agent)
    assert "met" in before.values()
    timer = c.agent.get_by_role("timer").inner_text()

    reloaded_at = wall_clock(c.agent)
    c.agent.reload()
    expect(c.agent.get_by_role("heading", name="In call")).to_be_visible(timeout=BACK_MS)
    hear_each_other_again(c.agent, c.caller, reloaded_at)

    # The page is right again: checklist, cues live, the time since the answer; no word of before is in it.
    expect(c.agent.get_by_text("Cues live").first).to_be_visible()
    assert before.items() <= states(c.agent).items()
    assert c.agent.get_by_role("timer").inner_text() > timer
    expect(c.agent.get_by_text("is interrupted")).to_have_count(0)
    expect(c.caller.get_by_text("is interrupted")).to_have_count(0)

    c.after(c.card, CUE_SECONDS)
    assert c.cue("card_number") < c.spoken_at(c.caller, c.card.end) + CUE_SECONDS * 1000
    c.caller.get_by_role("button", name="Hang up").click()
    expect(c.agent.get_by_text("of the speech was understood")).to_be_visible()
    scorecard = messages(c.agent, "scorecard")[0]["message"]
    assert scorecard["total"] is not None
    kept = {result["criterion"]: result["state"] for result in scorecard["criteria"]}
    assert {name: kept[name] for name, state in before.items() if state == "met"} == {
        name: "met" for name, state in before.items() if state == "met"
    }
    assert c.agent.evaluate("sessionStorage.length") == c.caller.evaluate("sessionStorage.length") == 0


def test_the_caller_reloads_in_mid_call_and_changes_networks(conversation: Conversation) -> None:
    c = conversation
    c.begin()
    until(c.agent, c.spoken_at(c.caller, 8.0))
    reloaded_at = wall_clock(c.caller)
    c.caller.reload()
    expect(c.caller.get_by_role("heading", name="You are through")).to_be_visible(timeout=BACK_MS)
    hear_each_other_again(c.caller, c.agent, reloaded_at)
    expect(c.agent.get_by_text("is interrupted")).to_have_count(0)

    # As the browser says it when the computer is on a network again: the path of before is not to be trusted.
    changed_at = wall_clock(c.caller)
    c.caller.evaluate("window.instruments.peers.length = 0")
    c.caller.evaluate("dispatchEvent(new Event('online'))")
    hear_each_other_again(c.caller, c.agent, changed_at)

    until(c.agent, c.spoken_at(c.caller, c.chest.start))
    heard = heard_energy(c.agent)
    c.after(c.chest, CUE_SECONDS)
    assert heard_energy(c.agent) - heard > 0.001, "the agent hears the caller"
    assert c.cue("chest_pain") < c.spoken_at(c.caller, c.chest.end) + CUE_SECONDS * 1000
    c.agent.get_by_role("button", name="Hang up").click()
    expect(c.caller.get_by_role("heading", name="The call has ended")).to_be_visible()
    expect(c.agent.get_by_text("of the speech was understood")).to_be_visible()
    assert messages(c.agent, "scorecard")[0]["message"]["total"] is not None
    assert c.caller.evaluate("sessionStorage.length") == 0
    c.caller.reload()
    expect(c.caller.get_by_role("button", name="Call", exact=True)).to_be_visible()


def test_a_second_window_takes_the_call_only_when_asked_and_is_not_fought(conversation: Conversation) -> None:
    c = conversation
    c.begin()
    second = c.agent.context.new_page()
    second.add_init_script(path=INSTRUMENTS)
    second.goto(f"{c.installation.url}/softphone")
    back = second.get_by_role("button", name="Return to the call")
    expect(back).to_be_visible()
    expect(c.agent.get_by_role("heading", name="In call")).to_be_visible()

    taken_at = wall_clock(second)
    back.click()
    expect(second.get_by_role("heading", name="In call")).to_be_visible()
    hear_each_other_again(second, c.caller, taken_at)
    expect(c.agent.get_by_role("heading", name="You are in a call")).to_be_visible()
    before = c.caller.evaluate(PACKETS)
    c.caller.wait_for_function(HEARS, arg=before)
    expect(second.get_by_role("heading", name="In call")).to_be_visible()
    second.get_by_role("button", name="Hang up").click()
    expect(c.caller.get_by_role("heading", name="The call has ended")).to_be_visible()
    expect(c.agent.get_by_role("button", name="Return to the call")).to_have_count(0)
