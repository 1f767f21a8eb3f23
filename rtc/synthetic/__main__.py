"""`clinixcue synthetic-call`: place calls from audio files and print what the agent's page would have received.

One JSON line per data-channel message: {"call", "at_s", "message"}, with marks also {"turn", "latency_s"}; at the
end of each call {"call", "outcome", "purge", "packets_heard", "delays_ms"}, or {"call", "error"}. Progress and totals
go to stderr.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

import aioice.ice
import msgspec

from rtc.synthetic.call import CallFailed, Mark, Network, Recording, SyntheticCall
from rtc.synthetic.signalling import Signalling, SignallingError
from rtc.synthetic.sound import UnreadableSound, opus_packets, silence

STAGGER_SECONDS = 0.7
"""Between the beginnings of concurrent calls, so that their turns do not all end together."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="clinixcue synthetic-call", description=__doc__)
    parser.add_argument("url", metavar="URL", help="https address of the installation")
    parser.add_argument("--agent", type=Path, required=True, help="audio file of the agent's side")
    parser.add_argument("--patient", type=Path, required=True, help="audio file of the patient's side, same timeline")
    parser.add_argument("--marks", type=Path, help="JSON list of turns: speaker, text, start, end (seconds)")
    parser.add_argument("--calls", type=int, default=1, help="calls at the same time")
    parser.add_argument("--without-analysis", action="store_true", help="as a patient who wants no analysis")
    parser.add_argument("--loss", type=float, default=0.0, help="share of packets the network loses: 0.03")
    parser.add_argument(
        "--burst-at", type=float, help="second of the recording at which half a second of sound is lost"
    )
    parser.add_argument("--out", type=Path, help="write the JSON lines here instead of standard output")
    parser.add_argument("--token-file", type=Path, default=Path("data/monitor.token"), help="written by clinixcue up")
    parser.add_argument("--ca", type=Path, help="certificate authority; default: ca.pem beside the token, if there")
    return parser.parse_args()


async def main(options: argparse.Namespace, out: TextIO) -> int:
    """Returns the exit status: 0 when every call has its outcome."""
    if urlsplit(options.url).hostname in ("localhost", "127.0.0.1"):
        aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    recording = _recording(options)
    signalling = Signalling(options.url, _token(options.token_file), _ca(options))
    began, cpu = time.monotonic(), _cpu()

    def emit(line: dict[str, Any]) -> None:
        out.write(json.dumps(line) + "\n")
        out.flush()

    async def one(number: int, link: str) -> bool:
        await asyncio.sleep(number * STAGGER_SECONDS)
        try:
            await SyntheticCall(number, recording, signalling, emit, not options.without_analysis).run(link)
        except (CallFailed, SignallingError) as error:
            emit({"call": number, "error": str(error)})
            return False
        return True

    try:
        link = await signalling.monitoring_link()
        _progress(f"placing {options.calls} call(s) of {len(recording.patient) / 50:.0f} s")
        done = await asyncio.gather(*(one(number, link) for number in range(options.calls)))
    finally:
        await signalling.close()
    wall = time.monotonic() - began
    _progress(
        f"{sum(done)} of {len(done)} calls accounted for; this generator used {_cpu() - cpu:.1f} s CPU in {wall:.0f} s"
    )
    return 0 if all(done) else 1


def _recording(options: argparse.Namespace) -> Recording:
    marks = msgspec.json.decode(options.marks.read_bytes(), type=list[Mark]) if options.marks else []
    network = Network(options.loss, options.burst_at)
    return Recording(opus_packets(options.agent), opus_packets(options.patient), marks, silence(10)[-1], network)


def _token(path: Path) -> str:
    from_environment = os.environ.get("CLINIXCUE_MONITOR_TOKEN")
    return from_environment if from_environment else path.read_text().strip()


def _ca(options: argparse.Namespace) -> str | None:
    beside = options.token_file.parent / "ca.pem"
    path = options.ca or (beside if beside.exists() else None)
    return str(path) if path else None


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _progress(text: str) -> None:
    sys.stderr.write(text + "\n")


def run() -> int:
    options = arguments()
    try:
        if options.out is None:
            return asyncio.run(main(options, sys.stdout))
        with options.out.open("w") as out:
            return asyncio.run(main(options, out))
    except OSError as error:
        sys.exit(f"synthetic-call: {error.filename or options.url}: {error.strerror or error}")
    except msgspec.DecodeError as error:
        sys.exit(f"synthetic-call: {options.marks} is not a list of marks: {error}")
    except (UnreadableSound, SignallingError) as error:
        sys.exit(f"synthetic-call: {error}")


if __name__ == "__main__":
    sys.exit(run())
