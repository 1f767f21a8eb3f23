"""Sounds that are no speech, made from nothing: float samples, -1 to 1, 16 kHz, the same in every run."""

import numpy as np
from numpy.typing import NDArray

from rtc.messages import SAMPLE_RATE

Sound = NDArray[np.float64]

VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
"""The first three formants in Hz of a, e, i, o, u (Peterson and Barney 1952, men)."""


def pcm_of(sound: Sound) -> bytes:
    return (np.clip(sound, -1, 32767 / 32768) * 32768).astype("<i2").tobytes()


def silence(seconds: float) -> Sound:
    return np.zeros(int(seconds * SAMPLE_RATE))


def noise(seconds: float, level: float = 0.0008) -> Sound:
    """White, `level` is its RMS: by default a quiet room, -62 dB of full scale."""
    return np.random.default_rng(3).normal(0, level, int(seconds * SAMPLE_RATE))


def hum(seconds: float) -> Sound:
    """Mains hum at 50 Hz with harmonics, over a quiet room."""
    t = _time(seconds)
    return sum((0.004 / k * np.sin(2 * np.pi * 50 * k * t) for k in (1, 2, 3, 5, 7)), noise(seconds))


def chords(seconds: float) -> Sound:
    """On hold: C, A minor, F, G on an organ of eight harmonics, a chord each second."""
    roots = (((0, 4, 7), 48), ((0, 3, 7), 45), ((0, 4, 7), 41), ((0, 4, 7), 43))
    pieces = []
    for second in range(int(seconds)):
        t, (intervals, root) = _time(1), roots[second % 4]
        tones = [440 * 2 ** ((root + step - 69 + 12) / 12) for step in intervals]
        chord = sum((np.sin(2 * np.pi * f * k * t) / k for f in tones for k in range(1, 9)), np.zeros(SAMPLE_RATE))
        pieces.append(0.08 * chord * np.minimum(1, 20 * t) * np.exp(-1.2 * t))
    return np.concatenate(pieces)


def drums(seconds: float) -> Sound:
    """Bass drum, snare and hi-hat at 120 beats a minute."""
    t, dice = _time(0.25), np.random.default_rng(4)
    kick = 0.8 * np.sin(2 * np.pi * 60 * t * np.exp(-3 * t)) * np.exp(-18 * t)
    snare = 0.4 * dice.normal(0, 1, t.size) * np.exp(-25 * t)
    hat = 0.15 * np.diff(dice.normal(0, 1, t.size + 1)) * np.exp(-60 * t)
    bar = np.concatenate([kick + hat, hat, snare + hat, hat])
    return np.tile(bar, int(seconds))


def singing(seconds: float) -> Sound:
    """A voice without words: a vibrating glottal pulse train through formants that glide from vowel to vowel."""
    t = _time(seconds)
    pitch = 160 * 2 ** (np.floor(t) % 5 / 6) * (1 + 0.02 * np.sin(2 * np.pi * 5.5 * t))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    at = np.arange(len(VOWELS) + 1)
    formants = [np.interp(t % 5, at, [vowel[n] for vowel in (*VOWELS, VOWELS[0])]) for n in range(3)]
    sound = np.zeros(t.size)
    for k in range(1, 25):
        gain = sum((1 / (1 + ((k * pitch - formant) / 90) ** 2) for formant in formants), np.zeros(t.size))
        sound += np.where(k * pitch < 7000, gain, 0) * np.sin(k * phase) / k**0.5
    loudness: Sound = 0.25 / np.abs(sound).max() * (1 + 0.3 * np.sin(2 * np.pi * 2 * t))
    return sound * loudness


def _time(seconds: float) -> Sound:
    return np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
