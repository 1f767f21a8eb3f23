"""Makes weights.npz from the sentences: `python -m rtc.coaching.classifier.train`. Some 20 minutes of one core.

First without the tuning cases, which then say how good it is on sentences by others, and how the two halves are best
weighed; then with them, which is what is shipped. `--once` leaves out the first. Same input, same numbers, up to the
order in which the processor adds.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from rtc.coaching.classifier import ngrams
from rtc.coaching.classifier.adapting import Adapted, Floats, Parameters
from rtc.coaching.classifier.labels import AGENT, ALL_LABELS, BY_LEG, PATIENT, SAFETY
from rtc.coaching.classifier.layers import ADAPTED, below, original
from rtc.coaching.classifier.learnt import PATH, Learnt, Table, learnt, save
from rtc.coaching.classifier.sentences import Sentence, fingerprint, tuning, written
from rtc.messages import Leg

EPOCHS = 5
BATCH = 32
NETWORK_RATE, HEAD_RATE = 2e-3, 3e-3
LOOSENESS, RARE = 60.0, 2
POSITIVE_WEIGHT = 3.0
"""In the table only: a label is absent from most turns, and a table of single words would rather say nothing."""

Pieces = NDArray[np.float16]
"""[word pieces, encoder.WIDTH] of one turn."""

BLENDS = np.arange(0, 1.01, 0.05)
HEAD = ("look", "find", "bias")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--once", action="store_true", help="only what is shipped, with the blend it has now")
    once = options.parse_args().once
    own, others = written(), tuning()
    say(f"{len(own)} sentences, {len(others)} tuning cases")
    own_states, other_states = _encode(own), _encode(others)
    blend = learnt().blend if once else _try(own, own_states, others, other_states)
    everything = own + others
    network = _network(everything, own_states + other_states)
    tables = _tables(everything)
    save(PATH, Learnt(network.learnt, tables, blend, fingerprint(everything)))
    say(f"{PATH.name}: {PATH.stat().st_size / 1e6:.2f} MB")


def _try(own: list[Sentence], own_states: list[Pieces], others: list[Sentence], other_states: list[Pieces]) -> float:
    """Figures on the tuning cases by what has not seen them; the best share of the table."""
    network, tables = _network(own, own_states), _tables(own)
    by_network, by_table = _network_scores(network, other_states), table_scores(tables, others)
    figures = [(macro_f1(mixed(by_network, by_table, blend), others), blend) for blend in BLENDS]
    best = max(figures)[1]
    for blend in (0.0, 1.0, best):
        report(f"table's share {blend:.2f}", mixed(by_network, by_table, blend), others)
    return float(best)


def _encode(sentences: list[Sentence]) -> list[Pieces]:
    started = time.monotonic()
    network = below()
    states = [network.run(one.text)[0][0].astype(np.float16) for one in sentences]
    say(f"encoded {len(sentences)} in {time.monotonic() - started:.0f} s")
    return states


def _targets(sentences: list[Sentence]) -> tuple[Floats, Floats]:
    """What each turn means, and which labels its speaker could have said: [turns, labels] each."""
    said = [[label in one.labels for label in ALL_LABELS] for one in sentences]
    sayable = [[label in BY_LEG[one.leg] for label in ALL_LABELS] for one in sentences]
    return np.array(said, np.float32), np.array(sayable, np.float32)


def _network(sentences: list[Sentence], states: list[Pieces]) -> Adapted:
    frozen, start = original()
    network = Adapted(frozen, start, list(ADAPTED), len(ALL_LABELS), seed=1)
    wanted, weights = _targets(sentences)
    order = np.random.default_rng(2)
    descent = Descent(network.learnt)
    steps = EPOCHS * -(-len(states) // BATCH)
    step = 0
    for epoch in range(EPOCHS):
        started, loss = time.monotonic(), 0.0
        for turns in _batches([len(one) for one in states], order):
            network.merge()
            padded, real = _padded([states[turn] for turn in turns])
            lost, gradients = network.gradients(padded, real, wanted[turns], weights[turns])
            descent.step(gradients, min(1.0, step / (0.06 * steps)) * (1 - step / steps))
            loss, step = loss + lost, step + 1
        say(f"epoch {epoch + 1} of {EPOCHS}: loss {loss / len(states):.4f}, {time.monotonic() - started:.0f} s")
    return network


class Descent:
    """Adam (Kingma and Ba 2014), the whole gradient cut to length 1; the head learns at its own rate."""

    def __init__(self, learnt: Parameters) -> None:
        self._learnt = learnt
        self._mean = {name: np.zeros_like(values) for name, values in learnt.items()}
        self._square = {name: np.zeros_like(values) for name, values in learnt.items()}
        self._steps = 0

    def step(self, gradients: Parameters, pace: float) -> None:
        self._steps += 1
        length = float(np.sqrt(sum(float((one * one).sum()) for one in gradients.values())))
        cut = np.float32(1 / max(1.0, length))
        unbias_mean, unbias_square = 1 - 0.9**self._steps, 1 - 0.999**self._steps
        for name, gradient in gradients.items():
            mean, square = self._mean[name], self._square[name]
            mean += np.float32(0.1) * (gradient * cut - mean)
            square += np.float32(0.001) * (gradient * gradient * cut * cut - square)
            rate = (HEAD_RATE if name in HEAD else NETWORK_RATE) * pace
            change = mean / unbias_mean / (np.sqrt(square / unbias_square) + 1e-8)
            self._learnt[name] -= (rate * change).astype(np.float32)


def _batches(lengths: list[int], order: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Turns of like length together, so that little is padded; in random order."""
    ranked = np.argsort(np.array(lengths) + order.random(len(lengths)) * 3)
    batches = [ranked[start : start + BATCH] for start in range(0, len(ranked), BATCH)]
    for batch in order.permutation(len(batches)):
        yield batches[batch]


def _padded(states: list[Pieces]) -> tuple[Floats, NDArray[np.bool_]]:
    longest = max(len(one) for one in states)
    padded = np.zeros((len(states), longest, states[0].shape[1]), np.float32)
    real = np.zeros((len(states), longest), bool)
    for turn, one in enumerate(states):
        padded[turn, : len(one)] = one
        real[turn, : len(one)] = True
    return padded, real


def _network_scores(network: Adapted, states: list[Pieces]) -> Floats:
    network.merge()
    return np.concatenate([network.scores(*_padded([one])) for one in states])


def _tables(sentences: list[Sentence]) -> dict[Leg, Table]:
    """Logistic regression over what words a turn has, one table for each leg."""
    tables: dict[Leg, Table] = {}
    for leg, labels in BY_LEG.items():
        mine = [one for one in sentences if one.leg == leg]
        found = [ngrams.rows(one.text) for one in mine]
        counts = np.bincount(np.concatenate(found), minlength=ngrams.ROWS)
        weight = np.where(counts >= RARE, np.log((1 + len(mine)) / (1 + counts)) + 1, 0).astype(np.float32)
        strengths = [weight[rows] / max(float(np.linalg.norm(weight[rows])), 1e-6) for rows in found]
        starts = np.concatenate([[0], np.cumsum([len(rows) for rows in found])])
        turns = csr_matrix((np.concatenate(strengths), np.concatenate(found), starts), (len(mine), ngrams.ROWS))
        fits = [_fit(turns, np.array([label in one.labels for one in mine])) for label in labels]
        entries = np.stack([fit.coef_[0] for fit in fits], axis=1).astype(np.float32)
        tables[leg] = Table(entries, weight, np.array([fit.intercept_[0] for fit in fits], np.float32))
    say("tables made")
    return tables


def _fit(turns: csr_matrix, wanted: NDArray[np.bool_]) -> LogisticRegression:
    emphasis = {False: 1.0, True: POSITIVE_WEIGHT}
    return LogisticRegression(C=LOOSENESS, class_weight=emphasis, solver="liblinear", random_state=0).fit(turns, wanted)


def table_scores(tables: dict[Leg, Table], sentences: list[Sentence]) -> Floats:
    out = np.full((len(sentences), len(ALL_LABELS)), -30, np.float32)
    for turn, one in enumerate(sentences):
        columns = [ALL_LABELS.index(label) for label in BY_LEG[one.leg]]
        out[turn, columns] = tables[one.leg].scores(one.text)
    return out


def mixed(by_network: Floats, by_table: Floats, table_share: float) -> Floats:
    return (1 - table_share) * by_network + table_share * by_table


def counts(scores: Floats, sentences: list[Sentence]) -> tuple[Floats, Floats, Floats]:
    """Found rightly, found wrongly and missed, for each label."""
    wanted, sayable = _targets(sentences)
    found = (scores > 0) * sayable
    return (found * wanted).sum(0), (found * (1 - wanted)).sum(0), ((1 - found) * wanted).sum(0)


def macro_f1(scores: Floats, sentences: list[Sentence]) -> float:
    right, wrong, missed = counts(scores, sentences)
    f1 = 2 * right / np.maximum(2 * right + wrong + missed, 1)
    return float(f1[[ALL_LABELS.index(label) for label in (*PATIENT, *AGENT)]].mean())


def report(title: str, scores: Floats, sentences: list[Sentence]) -> None:
    right, wrong, missed = counts(scores, sentences)
    safety = [ALL_LABELS.index(label) for label in SAFETY]
    recall = right[safety].sum() / (right + missed)[safety].sum()
    precision = right[safety].sum() / max(1, (right + wrong)[safety].sum())
    wanted, sayable = _targets(sentences)
    plain = [ALL_LABELS.index(label) for label in (*PATIENT, *AGENT)]
    whole = (((scores > 0) * sayable)[:, plain] == wanted[:, plain]).all(1)
    hard = [turn for turn, one in enumerate(sentences) if "-neg-" in one.source]
    say(
        f"{title}: macro-F1 {macro_f1(scores, sentences):.3f}, safety recall {recall:.3f} precision {precision:.3f}, "
        f"hard negatives right {whole[hard].mean():.3f}, all right {whole.mean():.3f}"
    )


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.nice(5)
    main()
