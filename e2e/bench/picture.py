"""The picture and the tables of docs/performance.md, from docs/performance.json.

.venv/bin/python -m e2e.bench.picture
"""

import math
from pathlib import Path

import msgspec

from e2e.bench.figures import PATIENCE_S, Figures
from e2e.bench.results import HEAD, OURS, Results, ratios, rows

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- from performance.json: begin -->\n", "<!-- from performance.json: end -->\n"

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 590, 50, 340
LEAST_MS, MOST_MS = 100, PATIENCE_S * 1000
TICKS_MS = (100, 200, 500, 1000, 2000, 5000)

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1c2733 }
  .title { font-size: 15px; font-weight: 600 } .small { font-size: 12px }
  .grid { stroke: #d5dce3 } .p95 { fill: none; stroke-width: 2.5 } .p50 { fill: none; stroke-dasharray: 3 4 }
  .a { stroke: #00696e } .b { stroke: #a04a00 } .c { stroke: #6b4fa0 }
  .a text, text.a, .dot.a { fill: #00696e; stroke: none } text.b, .dot.b { fill: #a04a00; stroke: none }
  text.c, .dot.c { fill: #6b4fa0; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #dfe6ec } .grid { stroke: #3a4550 }
    .a { stroke: #4fd0d6 } .b { stroke: #ffb068 } .c { stroke: #c5a9ff }
    text.a, .dot.a { fill: #4fd0d6 } text.b, .dot.b { fill: #ffb068 } text.c, .dot.c { fill: #c5a9ff }
  }
"""


def draw(results: Results) -> str:
    """Latency by number of calls, both scales logarithmic: p95 as a line, p50 dashed, missed cues in words."""
    clear = [f for f in results.figures if f.network == "clear"]
    arms = list(dict.fromkeys(f.arm for f in clear if f.arm == OURS or not f.arm.startswith(OURS)))
    counts = sorted({f.calls for f in clear})
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t">',
        '<title id="t">Time from the end of a trigger phrase to the cue, by concurrent calls</title>',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="24">From the end of a trigger phrase to the cue, ms</text>',
        *_grid(counts),
    ]
    for arm, colour in zip(arms, "abc", strict=False):
        parts += _line([f for f in clear if f.arm == arm], colour, counts)
    parts += [*_legend(arms), "</svg>"]
    return "\n".join(parts) + "\n"


def _grid(counts: list[int]) -> list[str]:
    parts = []
    for ms in TICKS_MS:
        y = _y(ms)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="small" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{ms:,}</text>')
    parts += [
        f'<text class="small" x="{_x(calls, counts)}" y="{BOTTOM + 20}" text-anchor="middle">{calls}</text>'
        for calls in counts
    ]
    parts.append(f'<text class="small" x="{LEFT}" y="{BOTTOM + 42}">concurrent calls, two legs each</text>')
    return parts


def _line(figures: list[Figures], colour: str, counts: list[int]) -> list[str]:
    """Points only where most of the timed phrases were heard; elsewhere how many were missed."""
    parts = []
    heard = [f for f in figures if f.missed < f.phrases / 2]
    for name, values in (("p95", [f.p95_ms for f in heard]), ("p50", [f.p50_ms for f in heard])):
        points = [(_x(f.calls, counts), _y(ms)) for f, ms in zip(heard, values, strict=True) if ms is not None]
        path = " ".join(f"{x},{y}" for x, y in points)
        parts.append(f'<polyline class="{name} {colour}" points="{path}"/>')
        if name == "p95":
            parts += [f'<circle class="dot {colour}" cx="{x}" cy="{y}" r="4"/>' for x, y in points]
    return parts


def _legend(arms: list[str]) -> list[str]:
    parts = []
    for row, (arm, colour) in enumerate(zip(arms, "abc", strict=False)):
        y = TOP + 14 + 22 * row
        parts.append(f'<line class="p95 {colour}" x1="{RIGHT + 14}" x2="{RIGHT + 38}" y1="{y - 4}" y2="{y - 4}"/>')
        parts.append(f'<text class="{colour}" x="{RIGHT + 46}" y="{y}">{arm}</text>')
    for row, text in enumerate(("line: p95", "dashed: p50", "no point: half or", "more were missed")):
        parts.append(f'<text class="small" x="{RIGHT + 14}" y="{TOP + 100 + 18 * row}">{text}</text>')
    return parts


def _x(calls: int, counts: list[int]) -> float:
    last = math.log(counts[-1]) or 1.0
    return round(LEFT + 20 + (RIGHT - LEFT - 40) * math.log(calls) / last, 1)


def _y(ms: float) -> float:
    share = math.log(max(ms, LEAST_MS) / LEAST_MS) / math.log(MOST_MS / LEAST_MS)
    return round(BOTTOM - (BOTTOM - TOP) * share, 1)


def tables(results: Results) -> str:
    """As Markdown: the machine, every row, the ratios."""
    m = results.machine
    versions = ", ".join(f"{name} {number}" for name, number in m.versions.items())
    lines = [f"{m.cores} cores of {m.cpu}, {m.date}; {versions}.", ""]
    lines += [_markdown(HEAD), _markdown(tuple("---" for _ in HEAD)), *map(_markdown, rows(results)), ""]
    lines += [f"The same weights offline (faster-whisper, beam 5): WER {results.offline_word_error_rate:.1%}.", ""]
    lines += [f"- {ratio}" for ratio in ratios(results)]
    return "\n".join(lines) + "\n"


def _markdown(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def document(text: str, results: Results) -> str:
    """docs/performance.md with its tables as the results say."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + tables(results) + END + rest.split(END)[1]


def main() -> None:
    results = msgspec.json.decode((DOCS / "performance.json").read_bytes(), type=Results)
    page = DOCS / "performance.md"
    page.write_text(document(page.read_text(), results))
    (DOCS / "performance.svg").write_text(draw(results))


if __name__ == "__main__":
    main()
