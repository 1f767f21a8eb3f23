"""Pipecat as the system to beat: SmallWebRTC (aiortc), Silero, faster-whisper, data channel, on loopback.

Usage: pipecat_peer.py --port 8201 --model WEIGHTS_DIR [--tuned] [--stop-secs 0.2]
Runs in an environment of its own (peer.lock). POST /offer {sdp, type} answers {sdp, type}; each final transcript is
sent as {"text": ...} on the data channel.
--tuned: greedy decoding (beam 1), no temperature fallback, one model shared by all connections.
"""

import argparse
import asyncio
import functools
import sys
from typing import Any

import aioice.ice
from aiohttp import web
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import Frame, TranscriptionFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport


class Push(FrameProcessor):
    """Sends each transcript to the browser's side."""

    def __init__(self, connection: SmallWebRTCConnection) -> None:
        super().__init__()
        self._connection = connection

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self._connection.send_app_message({"text": frame.text})
        await self.push_frame(frame, direction)


class Peer:
    """One process, as many connections as are offered."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._running: list[asyncio.Task[None]] = []
        self._shared_model: Any = None

    def _recogniser(self) -> WhisperSTTService:
        settings = WhisperSTTService.Settings(model=self._options.model)
        service = WhisperSTTService(device="cpu", compute_type="int8", settings=settings)
        if self._options.tuned:
            if self._shared_model is None:
                model = service._model
                model.transcribe = functools.partial(model.transcribe, beam_size=1, temperature=0.0)
                self._shared_model = model
            service._model = self._shared_model
        return service

    async def offer(self, request: web.Request) -> web.Response:
        body = await request.json()
        connection = SmallWebRTCConnection()
        await connection.initialize(sdp=body["sdp"], type=body["type"])
        transport = SmallWebRTCTransport(connection, TransportParams(audio_in_enabled=True))
        params = VADParams(stop_secs=self._options.stop_secs) if self._options.stop_secs else VADParams()
        vad = VADProcessor(vad_analyzer=SileroVADAnalyzer(params=params))
        pipeline = Pipeline([transport.input(), vad, self._recogniser(), Push(connection)])
        task = PipelineTask(pipeline, params=PipelineParams())
        self._running.append(asyncio.create_task(PipelineRunner(handle_sigint=False).run(task)))
        return web.json_response(connection.get_answer())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8201)
    parser.add_argument("--model", required=True)
    parser.add_argument("--tuned", action="store_true")
    parser.add_argument("--stop-secs", type=float)
    options = parser.parse_args()
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    app = web.Application()
    app.router.add_post("/offer", Peer(options).offer)
    web.run_app(app, host="127.0.0.1", port=options.port, print=None)


main()
