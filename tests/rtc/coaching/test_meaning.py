"""The meaning of a turn: labels found by what was learnt from our sentences, and nearness to a practice's own."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from rtc.coaching.classifier import encoder, layers
from rtc.coaching.classifier.adapting import Adapted
from rtc.coaching.classifier.encoder import MAX_PIECES, WIDTH, EncoderError
from rtc.coaching.classifier.labels import AGENT, ALL_LABELS, ASKED, PATIENT, SAFETY
from rtc.coaching.classifier.learnt import learnt
from rtc.coaching.classifier.meaning import KNOWN_LABELS, UnknownLabelError, embed, read_meaning
from rtc.coaching.classifier.sentences import fingerprint, tuning, written
from rtc.messages import Leg

PARKING = embed(
    ["Is there anywhere I can leave the car?", "Where do I park?", "Have you got a car park?"],
    ["My car park ticket was wrong and I want it cancelled."],
)


def found(text: str, leg: Leg) -> set[str]:
    meaning = read_meaning(text, leg)
    asked = {f"?{name}" for name in SAFETY if meaning.asks(name) >= 0.5}
    return asked | {name for name in KNOWN_LABELS if meaning.label(name) >= 0.5}


@pytest.mark.parametrize(
    ("leg", "text", "labels"),
    [
        ("patient", "I've got a terrible pain in my chest and it's going down my arm.", {"chest_pain"}),
        ("patient", "I've no pain in my chest at all, it's only a cough.", set()),
        ("patient", "His face has dropped on one side and he can't get his words out.", {"stroke"}),
        ("patient", "He had a stroke in 2015, I'm ringing about his flu jab.", set()),
        ("patient", "this queue is killing me", set()),
        ("patient", "How much is a private sick note?", {"price"}),
        ("agent", "Good morning, Elm Street Surgery, how can I help?", {"greeting", "offer_help"}),
        ("agent", "Have you any chest pain at all?", {"?chest_pain"}),
        ("agent", "Put the phone down and ring 999 now.", {"emergency_redirect"}),
        ("agent", "The next one I have is Tuesday at ten.", set()),
    ],
)
def test_finds_what_is_meant(leg: Leg, text: str, labels: set[str]) -> None:
    assert found(text, leg) == labels


def test_a_label_belongs_to_one_leg() -> None:
    pain = "I've got a terrible pain in my chest and it's going down my arm."
    assert read_meaning(pain, "patient").label("chest_pain") > 0.9
    assert read_meaning(pain, "agent").label("chest_pain") == 0
    assert read_meaning("Have you any chest pain at all?", "patient").asks("chest_pain") == 0


def test_labels_are_those_of_the_packs_and_each_can_be_asked_for() -> None:
    assert len(KNOWN_LABELS) == len(PATIENT) + len(AGENT) == 36
    meaning = read_meaning("Hello?", "agent")
    assert all(0 <= meaning.label(name) <= 1 for name in KNOWN_LABELS)
    assert all(0 <= meaning.asks(name.removeprefix("?")) <= 1 for name in ASKED)


def test_refuses_a_label_that_nothing_was_trained_for() -> None:
    meaning = read_meaning("Hello?", "patient")
    with pytest.raises(UnknownLabelError, match=r"no label 'gout'; there are .*chest_pain"):
        meaning.label("gout")
    with pytest.raises(UnknownLabelError, match=r"no label 'price'; there are .*chest_pain"):
        meaning.asks("price")


def test_a_word_more_at_the_end_of_a_turn_that_never_ends_is_heard() -> None:
    endless = "and then I said to him that we would come round later on " * 20
    assert "chest_pain" not in found(endless, "patient")
    assert "chest_pain" in found(endless + ". I've got a crushing pain in my chest now.", "patient")


@pytest.mark.parametrize("text", ["", "   ", "…", "\x00", "日本語", "\U0001f600"])
def test_text_without_words_is_no_error(text: str) -> None:
    assert np.isfinite(encoder.vector(text)).all()
    assert found(text, "patient") == set()


def test_is_quick_enough_for_every_final() -> None:
    """A turn of ordinary length, in processor time so that a busy machine does not count; p95 is in docs/playbooks."""
    text = (
        "Hello, I was wondering if I could get my repeat prescription sent over to the chemist on Station Road, please."
    )
    read_meaning(text, "patient").label("stroke")
    spent = []
    for _ in range(15):
        before = time.thread_time()
        read_meaning(text, "patient").label("stroke")
        spent.append(time.thread_time() - before)
    assert np.median(spent) < 0.020


def test_the_network_shipped_computes_what_was_trained() -> None:
    """Training runs the adapted layers in numpy, calls in ONNX Runtime; they differ by the two forms of GELU."""
    shipped = learnt().network
    frozen, start = layers.original()
    trained = Adapted(frozen, start, list(layers.ADAPTED), len(ALL_LABELS), seed=0)
    trained.learnt = {name: shipped[name] for name in trained.learnt}
    matrices = trained.merge()
    text = "I don't have any chest pain, it's my knee."
    states = layers.below().run(text)[0]
    (both,) = layers.adapted(shipped | matrices, shipped["look"], shipped["find"]).run(text)
    look, find = np.split(both[0].astype(np.float64), 2, axis=1)
    attention = np.exp(look - look.max(0)) / np.exp(look - look.max(0)).sum(0)
    scores = (attention * find).sum(0) + shipped["bias"]
    assert np.allclose(trained.scores(states, np.ones(states.shape[:2], bool))[0], scores, atol=0.05)


def test_weights_were_learnt_from_the_sentences_as_they_are() -> None:
    """Fails when a sentence was changed: python -m rtc.coaching.classifier.train"""
    assert learnt().fingerprint == fingerprint(written() + tuning())


def test_gradients_are_those_of_the_loss() -> None:
    random = np.random.default_rng(0)
    frozen, start = layers.original()
    network = Adapted(frozen, start, list(layers.ADAPTED), 5, seed=0)
    for name, values in network.learnt.items():
        network.learnt[name] = values + random.normal(0, 0.02, values.shape).astype(np.float32)
    states = random.normal(size=(3, 6, WIDTH)).astype(np.float32)
    real = np.array([[True] * 6, [True] * 4 + [False] * 2, [True] * 6])
    wanted = (random.random((3, 5)) > 0.5).astype(np.float32)
    network.dropped = np.float32(0)
    network.merge()
    _, gradients = network.gradients(states, real, wanted, np.ones_like(wanted))
    for name in ("3.query.down", "3.inner.up", "4.outer.down", "4.key.up", "3.scale1", "4.shift2", "look", "find"):
        direction = (gradients[name] / np.linalg.norm(gradients[name])).astype(np.float32)
        losses = []
        for step in (0.01, -0.01):
            before = network.learnt[name]
            network.learnt[name] = before + np.float32(step) * direction
            network.merge()
            losses.append(network.gradients(states, real, wanted, np.ones_like(wanted))[0] / len(states))
            network.learnt[name] = before
        slope = (losses[0] - losses[1]) / 0.02
        assert slope == pytest.approx(np.linalg.norm(gradients[name]), rel=0.05), name


def test_gives_a_vector_of_length_one() -> None:
    vector = encoder.vector("I have chest pain.")
    assert vector.shape == (WIDTH,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_compares_the_end_of_a_turn_that_never_ends() -> None:
    endless = "and then I said to him that " * (MAX_PIECES // 4)
    pain, rain = (encoder.vector(endless + word) for word in ("my chest hurts", "it rained"))
    assert not np.allclose(pain, rain, atol=1e-3)


def test_threads_share_it() -> None:
    said = ["I have chest pain.", "Good morning, Riverside Surgery, how can I help?"]
    alone = [encoder.vector(text) for text in said]
    got: list[tuple[int, bool]] = []

    def encode(n: int) -> None:
        got.extend((n, bool(np.array_equal(encoder.vector(said[n]), alone[n]))) for _ in range(20))

    threads = [threading.Thread(target=encode, args=(n,)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [(0, True)] * 20 + [(1, True)] * 20


def test_refuses_other_bytes() -> None:
    with pytest.raises(EncoderError, match=r"model\.onnx"):
        encoder._checked("model.onnx", b"another network")


def test_near_to_what_means_the_same_in_other_words() -> None:
    near = read_meaning("What's the parking like round there?", "patient").nearness(PARKING)
    far = read_meaning("Can I book a smear test?", "patient").nearness(PARKING)
    assert near > 0.5 > far


def test_a_nearer_example_of_the_opposite_wins() -> None:
    assert read_meaning("I want my parking ticket cancelled, it is wrong.", "patient").nearness(PARKING) == -1


def test_without_examples_nothing_is_near() -> None:
    assert read_meaning("Where do I park?", "patient").nearness(embed([])) == -1


def test_telemetry_is_off_before_the_library_loads_for_coaching_alone() -> None:
    program = (
        "import os, sys, rtc.coaching.classifier.meaning; "
        "print(os.environ['ORT_DISABLE_TELEMETRY'], 'onnxruntime' in sys.modules)"
    )
    clean = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run([sys.executable, "-c", program], env=clean, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["1", "True"]
