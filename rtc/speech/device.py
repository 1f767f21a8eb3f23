"""Where recognition runs, and what that device wants: how many at once, how many together, rounded up to what.

Measured on CPUs (docs/decisions/0011-what-each-device-does-together.md). The figures for CUDA are not: there was none.
"""

import os

import ctranslate2
from msgspec import Struct

from rtc.settings import SpeechSettings


class DeviceError(Exception):
    """The device is not there, or cannot compute as asked. The text says what to do."""


class Device(Struct, frozen=True):
    name: str
    compute_type: str
    workers: int
    """Recognitions at the same time."""
    batch: int
    """Windows recognised together, at most."""
    wait_s: float
    """How long the first window of a batch waits for others."""
    bucket_s: float
    """Windows are rounded up to a multiple of this; those of one length may be recognised together."""


def device(settings: SpeechSettings) -> Device:
    """Fill in what the settings leave to the device. Raises DeviceError when it cannot be had."""
    if settings.device == "cuda":
        if ctranslate2.get_cuda_device_count() == 0:
            raise DeviceError(
                "device is cuda, but no CUDA GPU is visible here: install the NVIDIA driver, or set device to cpu"
            )
        return _checked("cuda", settings, "int8_float16", workers=2, batch=16, wait_s=0.015, bucket_s=4.0)
    return _checked("cpu", settings, "int8", workers=_cores(), batch=1, wait_s=0.0, bucket_s=0.5)


def _checked(
    name: str, settings: SpeechSettings, compute_type: str, workers: int, batch: int, wait_s: float, bucket_s: float
) -> Device:
    compute_type = settings.compute_type or compute_type
    known = ctranslate2.get_supported_compute_types(name)
    if compute_type not in known:
        raise DeviceError(f"compute_type {compute_type} is not possible on this {name}: set one of {_list(known)}")
    return Device(name, compute_type, settings.workers or workers, settings.batch or batch, wait_s, bucket_s)


def _cores() -> int:
    """Two threads on two cores, as measured; where there are more, media keeps one core for itself."""
    cores = len(os.sched_getaffinity(0))
    return cores if cores <= 2 else cores - 1


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
