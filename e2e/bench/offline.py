"""What the same weights understand when they may take their time: faster-whisper, whole file, beam 5."""

from pathlib import Path

from faster_whisper import WhisperModel

from e2e.bench.conversation import Conversation
from e2e.bench.word_error_rate import Errors, compare


def offline_word_error_rate(conversations: list[Conversation], weights: Path) -> float:
    """Of both legs of all conversations. With its own voice filter and without; the better of the two counts."""
    model = WhisperModel(str(weights), device="cpu", compute_type="int8", cpu_threads=2)
    return round(min(_errors(model, conversations, vad_filter).rate for vad_filter in (True, False)), 4)


def _errors(model: WhisperModel, conversations: list[Conversation], vad_filter: bool) -> Errors:
    total = Errors()
    for conversation in conversations:
        for leg, spoken in conversation.words.items():
            file = str(conversation.file(leg))
            segments, _ = model.transcribe(file, language="en", beam_size=5, vad_filter=vad_filter)
            total += compare(spoken, " ".join(segment.text for segment in segments))
    return total
