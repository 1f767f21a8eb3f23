"""`python -m e2e.bench.purge`: how long any sample lives, and how soon after hang-up everything is wiped.

A whole installation, real WebRTC, real time, figures from the stored purge receipts. One call of five minutes, made by
repeating the test calls; then fifty that are hung up while somebody speaks, so that last words are still to be
recognised. About nine minutes.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aioice.ice

from e2e.bench.figures import percentile
from e2e.bench.ours import Ours
from rtc.synthetic.call import CallFailed, Recording, SyntheticCall
from rtc.synthetic.signalling import Signalling, SignallingError
from rtc.synthetic.sound import opus_packets, silence

CALLS = Path(__file__).parents[2] / "tests" / "data" / "calls"
NAMES = ("routine_booking", "chest_pain", "price_and_card")
PACKETS_PER_SECOND = 50
LONG_S = 300
SHORT_S = (6.5, 8.0, 9.5, 11.0, 12.5)
"""Seconds at which the short calls are hung up: in the middle of turns."""

STAGGER_S = 0.7

Receipt = dict[str, Any]


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def _recordings() -> dict[str, tuple[list[bytes], list[bytes]]]:
    """Both sides of each test call, equally long."""
    found = {}
    for name in NAMES:
        agent, patient = (opus_packets(CALLS / f"{name}.{side}.flac") for side in ("agent", "patient"))
        length = min(len(agent), len(patient))
        found[name] = agent[:length], patient[:length]
    return found


class Bench:
    """Owner: one run, against one installation."""

    def __init__(self, signalling: Signalling, link: str) -> None:
        self._signalling = signalling
        self._link = link
        self._sounds = _recordings()
        [self._quiet] = silence(10)[-1:]
        self._number = 0

    async def call(self, agent: list[bytes], patient: list[bytes]) -> Receipt | None:
        """Its stored receipt; None when the call failed."""
        lines: list[dict[str, Any]] = []
        self._number += 1
        recording = Recording(agent, patient, [], self._quiet)
        call = SyntheticCall(self._number, recording, self._signalling, lines.append, analyse=True, tail_s=0.0)
        try:
            await call.run(self._link)
        except (CallFailed, SignallingError) as error:
            _say(f"call {self._number}: {error}")
            return None
        receipt: Receipt = lines[-1]["purge"]
        return receipt

    async def long(self) -> Receipt | None:
        agent: list[bytes] = []
        patient: list[bytes] = []
        while len(agent) < LONG_S * PACKETS_PER_SECOND:
            for one, other in self._sounds.values():
                agent, patient = agent + one, patient + other
        end = LONG_S * PACKETS_PER_SECOND
        return await self.call(agent[:end], patient[:end])

    async def short(self, place: int) -> Receipt | None:
        await asyncio.sleep(place * STAGGER_S)
        agent, patient = self._sounds[NAMES[place % len(NAMES)]]
        end = int(SHORT_S[place % len(SHORT_S)] * PACKETS_PER_SECOND)
        return await self.call(agent[:end], patient[:end])

    async def many(self, calls: int, at_once: int) -> list[Receipt]:
        receipts: list[Receipt] = []
        for done in range(0, calls, at_once):
            round_of = range(min(at_once, calls - done))
            answers = await asyncio.gather(*(self.short(place) for place in round_of))
            receipts += [receipt for receipt in answers if receipt is not None]
            waits = sorted(receipt["wipe_ms"] or -1 for receipt in receipts)
            _say(f"{len(receipts)} of {done + len(round_of)} calls, hang-up to wiped at most {waits[-1]} ms")
        return receipts


def _told(name: str, receipts: list[Receipt]) -> None:
    lives = [receipt["oldest_sample_ms"] / 1000 for receipt in receipts]
    in_media = [receipt["oldest_in_media_ms"] / 1000 for receipt in receipts]
    wipes = [receipt["wipe_ms"] / 1000 for receipt in receipts if receipt["wipe_ms"] is not None]
    complete = sum(receipt["complete"] for receipt in receipts)
    print(f"{name}: {len(receipts)} receipts, {complete} complete, {len(wipes)} say when all was wiped")
    for what, figures in (
        ("longest life of a sample", lives),
        ("of it in media", in_media),
        ("hang-up to wiped", wipes),
    ):
        spread = ", ".join(f"p{share * 100:g} {percentile(figures, share):,}" for share in (0.5, 0.95, 0.99))
        print(f"  {what}, ms: {spread}, at most {max(figures) * 1000:,.0f}")


async def measure(url: str, token: str, ca: Path, calls: int, at_once: int) -> int:
    signalling = Signalling(url, token, str(ca))
    try:
        bench = Bench(signalling, await signalling.monitoring_link())
        _say(f"one call of {LONG_S} s")
        started = time.monotonic()
        long = await bench.long()
        _say(f"done after {time.monotonic() - started:.0f} s; {calls} calls, {at_once} at once")
        if long is not None:
            _told(f"five minutes (load average {os.getloadavg()[0]:.1f})", [long])
        many = await bench.many(calls, at_once)
    finally:
        await signalling.close()
    if long is None or not many:
        return 1
    _told(f"{calls} calls hung up in mid-speech, {at_once} at once (load average {os.getloadavg()[0]:.1f})", many)
    return 0 if len(many) == calls else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m e2e.bench.purge", description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--at-once", type=int, default=5)
    options = parser.parse_args()
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        ours = Ours(data_dir)
        ours.start()
        try:
            token = (data_dir / "monitor.token").read_text().strip()
            return asyncio.run(measure(ours.url, token, data_dir / "tls" / "ca.pem", options.calls, options.at_once))
        finally:
            ours.stop()


if __name__ == "__main__":
    sys.exit(main())
