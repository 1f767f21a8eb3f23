"""What every page is checked for: axe-core's WCAG rules in each theme and width, and what the browser complains of."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

from e2e.conftest import ROOT, Installation

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
THEMES = ("light", "dark")
WIDTHS = (1280, 320)
"""320 CSS pixels: a page of 1280 at 400 % zoom (WCAG 2.2, 1.4.10 Reflow)."""

VIOLATIONS = """async rules => {
  const moving = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime !== Infinity);
  await Promise.all(moving.map((one) => one.finished.catch(() => undefined)));
  const { passes, violations } = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  if (passes.length < 10) throw new Error(`axe found only ${passes.length} rules to apply`);
  const found = violations.map((one) => `${one.id} at ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
  const { scrollWidth } = document.documentElement;
  return scrollWidth > innerWidth ? [...found, `scrolls sideways: ${scrollWidth} px wide`] : found;
}"""

WATCH_POLICY = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy of ${event.documentURI}: ${event.effectiveDirective} held back ${event.blockedURI}`));"""


def violations(page: Page, state: str) -> Iterator[str]:
    """None is what we want. Leaves the page light and wide."""
    for theme in reversed(THEMES):
        for width in reversed(WIDTHS):
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            page.set_viewport_size({"width": width, "height": 800})
            yield from (f"{state}, {theme}, {width}: {found}" for found in page.evaluate(VIOLATIONS, RULES))


class Complaints:
    """What the browser complained of since the page was made. `expected`: statuses that a test provokes on purpose;
    Chromium reports each of them as an error of the page."""

    def __init__(self, page: Page, installation: Installation, expected: tuple[int, ...] = ()) -> None:
        self.found: list[str] = []
        port = int((installation.data_dir / "identity-port").read_text())
        self._provider = f"127.0.0.1:{port}"
        self._ours = urlsplit(installation.url).netloc
        self._expected = re.compile(f"Failed to load resource.*status of ({'|'.join(map(str, expected))}) ")
        page.add_init_script(WATCH_POLICY)
        page.add_init_script(path=AXE)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on("requestfinished", lambda request: self._went(request.url))
        page.on("requestfailed", self._failed)
        page.on("websocket", lambda connection: self._went(connection.url))

    def _said(self, message: ConsoleMessage) -> None:
        # The provider's own pages are not ours; a practice's provider looks as its maker likes.
        where = f"{message.location['url']} {message.text}"
        ours = message.type in ("error", "warning") and self._provider not in where
        if ours and not self._expected.match(message.text):
            self.found.append(f"{message.type} {where}")

    def _failed(self, request: Request) -> None:
        """One that the policy held back did not leave: the provider's pages ask for a font and do not get it."""
        if request.failure != "csp":
            self._went(request.url)

    def _went(self, url: str) -> None:
        if urlsplit(url).netloc not in (self._ours, self._provider):
            self.found.append(f"request to {url}")
