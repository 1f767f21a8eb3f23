"""libopus through ctypes, on packets of a real recording."""

from pathlib import Path

import numpy as np
import pytest

from rtc.media.opus import FRAME_SAMPLES, OpusDecoder, OpusError
from rtc.synthetic.sound import opus_packets

CALLS = Path(__file__).parents[2] / "data" / "calls"


def loudness(pcm: bytes) -> float:
    return float(np.sqrt(np.mean(np.frombuffer(pcm, "<i2").astype(np.float64) ** 2)))


def test_a_recording_comes_back_at_16_khz_in_real_time() -> None:
    packets = opus_packets(CALLS / "chest_pain.patient.flac")
    decoder = OpusDecoder()
    pcm = b"".join(bytes(decoder.decode(packet)) for packet in packets)
    assert len(pcm) == len(packets) * FRAME_SAMPLES * 2
    speaking, quiet = pcm[6 * 32_000 : 12 * 32_000], pcm[: 32_000 * 5]
    assert loudness(speaking) > 20 * loudness(quiet)


def test_a_lost_frame_is_filled_with_something_like_its_neighbours() -> None:
    packets = opus_packets(CALLS / "chest_pain.patient.flac")[300:330]
    decoder = OpusDecoder()
    before = [bytes(decoder.decode(packet)) for packet in packets[:-2]]
    concealed = bytes(decoder.conceal())
    recovered = bytes(decoder.recover(packets[-1]))
    assert len(concealed) == len(recovered) == FRAME_SAMPLES * 2
    assert loudness(concealed) > 0.1 * loudness(before[-1])


def test_a_corrupt_packet_and_a_closed_decoder_are_named_errors() -> None:
    decoder = OpusDecoder()
    with pytest.raises(OpusError):
        decoder.decode(b"\xff\xff\xff")
    decoder.close()
    decoder.close()
    with pytest.raises(OpusError, match="closed"):
        decoder.decode(b"")
