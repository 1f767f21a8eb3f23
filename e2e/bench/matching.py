"""What hearing one final costs: matching, meaning and all. `python -m e2e.bench.matching [PLAYBOOK]`.

Every sentence of the shipped cases is a final of a call of its own. CPU time of this process, one core.
"""

import sys
import time
from importlib.resources import files

from rtc.coaching.__main__ import read_playbook
from rtc.coaching.cases import Labels, Sentence, read_cases
from rtc.coaching.coach import Coach
from rtc.coaching.hearing import Heard

CASES = ("tuning.jsonl", "reporting.jsonl")


def main(name: str) -> None:
    began = time.perf_counter()
    playbook = read_playbook(name)
    loaded_ms = 1000 * (time.perf_counter() - began)
    playbook.rules.prepare()
    labels = Labels(playbook, absent_allowed=True)
    folder = files("rtc.coaching") / "cases" / "gp-reception"
    sentences = [
        case
        for file in CASES
        for case in read_cases((folder / file).read_bytes(), file, labels)
        if isinstance(case, Sentence)
    ]
    costs = sorted(_cost_ms(Coach(playbook), case) for case in sentences)
    sys.stdout.write(
        f"{name}: {len(playbook.triggers)} triggers, {len(playbook.conditions)} conditions, "
        f"loaded in {loaded_ms:.0f} ms\n"
        f"{len(costs)} finals: p50 {_at(costs, 0.5):.1f} ms, p95 {_at(costs, 0.95):.1f} ms, "
        f"p99 {_at(costs, 0.99):.1f} ms, most {costs[-1]:.1f} ms\n"
    )


def _cost_ms(coach: Coach, case: Sentence) -> float:
    heard = Heard("u", case.speaker, case.text, True, 0.0, 3.0)
    began = time.process_time()
    coach.hear(heard)
    return 1000 * (time.process_time() - began)


def _at(costs: list[float], share: float) -> float:
    return costs[min(len(costs) - 1, int(share * len(costs)))]


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "gp-reception")
