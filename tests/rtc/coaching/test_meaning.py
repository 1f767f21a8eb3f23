"""The meaning of a turn: the encoder, and nearness to a practice's own examples."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from rtc.coaching.classifier import encoder as encoder_module
from rtc.coaching.classifier.encoder import MAX_PIECES, WIDTH, EncoderError, encoder
from rtc.coaching.classifier.meaning import embed, read_meaning

PARKING = embed(
    ["Is there anywhere I can leave the car?", "Where do I park?", "Have you got a car park?"],
    ["My car park ticket was wrong and I want it cancelled."],
)


def test_gives_a_state_for_each_piece_and_a_vector_of_length_one() -> None:
    encoding = encoder().encode("I have chest pain.")
    assert encoding.states.shape == (7, WIDTH)
    assert np.linalg.norm(encoding.vector) == pytest.approx(1, abs=1e-5)


def test_looks_at_the_end_of_a_turn_that_never_ends() -> None:
    endless = "and then I said to him that " * 50
    assert encoder().encode(endless + "it hurts").states.shape == (MAX_PIECES + 2, WIDTH)
    pain, rain = (encoder().encode(endless + word).vector for word in ("my chest hurts", "it rained"))
    assert not np.allclose(pain, rain, atol=1e-3)


@pytest.mark.parametrize("text", ["", "   ", "…", "\x00", "日本語", "\U0001f600"])
def test_text_without_words_is_no_error(text: str) -> None:
    assert np.isfinite(encoder().encode(text).vector).all()


def test_threads_share_it() -> None:
    said = ["I have chest pain.", "Good morning, Riverside Surgery, how can I help?"]
    alone = [encoder().encode(text).vector for text in said]
    got: list[tuple[int, bool]] = []

    def encode(n: int) -> None:
        got.extend((n, bool(np.array_equal(encoder().encode(said[n]).vector, alone[n]))) for _ in range(20))

    threads = [threading.Thread(target=encode, args=(n,)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [(0, True)] * 20 + [(1, True)] * 20


def test_refuses_other_bytes() -> None:
    with pytest.raises(EncoderError, match=r"model\.onnx"):
        encoder_module._checked("model.onnx", b"another network")


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
