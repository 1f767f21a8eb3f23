"""The purge receipt of a call, from what media and its recognisers saw."""

from collections.abc import Sequence

from rtc.media.opus import FRAME_SAMPLES
from rtc.messages import Leg
from rtc.receipts import Confinement, Pause, PurgeReceipt, Wiped, now, sealed, versions

ENGINES = versions("clinixcue", "aiortc", "av")
"""PyAV brings libopus."""


def receipt(
    call_id: str,
    samples_in: int,
    samples_out: int,
    samples_unattested: int,
    longest_wait_s: float,
    wipe_s: float,
    wiped: Sequence[Wiped],
    confinement: Confinement,
    stopped: tuple[Leg, float] | None,
    pauses: list[Pause],
) -> PurgeReceipt:
    """Samples are of both legs; `samples_unattested` of them went out to a recogniser that did not account for them.
    `stopped`: by whom, and the media second. Nobody can say when those were wiped, if there are any."""
    whole = samples_unattested == 0 and all(one.blank for one in wiped)
    waited_ms = round(longest_wait_s * 1000)
    engines = dict(ENGINES)
    for one in wiped:
        engines |= one.engines
    return sealed(
        PurgeReceipt(
            call_id=call_id,
            frames_in=samples_in // FRAME_SAMPLES,
            bytes_in=samples_in * 2,
            frames_heard=samples_out // FRAME_SAMPLES,
            frames_wiped=(samples_in - samples_unattested) // FRAME_SAMPLES,
            oldest_sample_ms=waited_ms + max((one.oldest_sample_ms for one in wiped), default=0),
            oldest_in_media_ms=waited_ms,
            wipe_ms=round(wipe_s * 1000) if whole else None,
            wiped_at=now(),
            complete=whole,
            stopped_by=None if stopped is None else stopped[0],
            stopped_at_s=None if stopped is None else int(stopped[1]),
            pauses=pauses,
            confinement=[confinement, *_of_speech(wiped, samples_out)],
            engines=engines,
        )
    )


def _of_speech(wiped: Sequence[Wiped], samples_out: int) -> list[Confinement]:
    """Each recogniser's once. One that heard sound and told nothing is unproven."""
    told: list[Confinement] = []
    for one in wiped:
        if one.confinement not in told:
            told.append(one.confinement)
    return told or ([Confinement("speech", "unproven", [])] if samples_out else [])
