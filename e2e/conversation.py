"""A caller with something to say and an agent, in two browsers, and the clock both pages share."""

from pathlib import Path

from playwright.sync_api import Page, expect

from e2e.conftest import Installation, Launch, dump, messages, new_page, sign_in
from e2e.recordings import Turn, fake_microphone, turns_of

PRACTICE = "Riverside Surgery"


def wall_clock(page: Page) -> float:
    """The pages' common clock, milliseconds."""
    return float(page.evaluate("performance.timeOrigin + performance.now()"))


def until(page: Page, at_ms: float) -> None:
    """Wait for a moment of the conversation, which runs in real time."""
    page.wait_for_timeout(max(0.0, at_ms - wall_clock(page)))


class Conversation:
    """A caller with something to say, in one browser, and an agent in another."""

    def __init__(self, installation: Installation, launch: Launch, folder: Path) -> None:
        chest, card = turns_of("chest_pain", "patient"), turns_of("price_and_card", "patient")
        said = [chest[0], card[3], card[1]]
        self.chest, self.no_pain, self.card = fake_microphone(folder / "patient.wav", said, [14.0, 25.0, 32.0])
        greeting = turns_of("chest_pain", "agent")[0]
        [self.greeting] = fake_microphone(folder / "agent.wav", [greeting], [3.0])
        self.installation = installation
        self.caller = new_page(launch(folder / "patient.wav"))
        self.agent = new_page(launch(folder / "agent.wav"))

    def begin(self, choice: str = "Call") -> None:
        sign_in(self.agent, self.installation, "tom.agent", "/softphone")
        self.agent.get_by_role("button", name="Go available").click()
        expect(self.agent.get_by_role("heading", name="You are available")).to_be_visible()
        self.caller.goto(self.installation.links[PRACTICE])
        self.caller.get_by_role("button", name=choice, exact=True).click()
        expect(self.caller.get_by_role("heading", name="Ringing…")).to_be_visible()
        expect(self.agent.get_by_role("heading", name="Incoming call")).to_be_visible()
        self.agent.get_by_role("button", name="Answer").click()
        expect(self.agent.get_by_role("heading", name="In call")).to_be_visible()
        expect(self.caller.get_by_role("heading", name="You are through")).to_be_visible()

    def spoken_at(self, page: Page, seconds: float) -> float:
        """Wall-clock milliseconds of a second of that page's microphone file."""
        began: float = page.evaluate("window.instruments.microphoneAt")
        return began + seconds * 1000

    def cue(self, label: str) -> float:
        """When the first cue with this label arrived, wall-clock milliseconds."""
        found = [m["at"] for m in messages(self.agent, "cue") if m["message"]["label"] == label]
        assert found, f"no cue {label}: {dump(self.agent)}"
        return float(found[0])

    def cues_between(self, start_ms: float, end_ms: float) -> list[str]:
        return [m["message"]["label"] for m in messages(self.agent, "cue") if start_ms < m["at"] < end_ms]

    def after(self, turn: Turn, seconds: float) -> float:
        moment = self.spoken_at(self.caller, turn.end + seconds)
        until(self.agent, moment)
        return moment


def heard_energy(page: Page) -> float:
    return float(page.evaluate("window.heardEnergy()"))
