"""The `speech` process: takes leases, hears calls, says what it heard, reports how they ended."""

import asyncio
import contextlib
import signal
import time
import uuid
from collections.abc import Callable, Coroutine

from rtc import bus as subjects
from rtc.bus import Bus, Unreachable
from rtc.coaching.classifier.classifier import classifier
from rtc.coaching.playbook import Playbook, PlaybookError, load
from rtc.locked_memory import SoundMemory
from rtc.messages import (
    CallClose,
    ChannelMessage,
    GivenUp,
    Grant,
    Lease,
    Outcome,
    PauseListening,
    Refusal,
    Reply,
    SandboxState,
    Sound,
    SupervisorAlert,
    ToAgent,
    WorkerState,
)
from rtc.receipts import versions
from rtc.refusals import Refusals, announce, pin
from rtc.sandbox import confinement
from rtc.settings import ListeningSettings, SpeechSettings
from rtc.speech.call import LiveCall, Testimony
from rtc.speech.device import Device, device
from rtc.speech.playbooks import Playbooks
from rtc.speech.recognizers.whisper import WhisperRecognizer
from rtc.speech.scheduler import Scheduler
from rtc.speech.vad import Silero
from rtc.speech.windows import Recognizer, spoken

SHUTDOWN_SECONDS = 5.0
"""For outcomes the server has not acknowledged yet, when the process is told to stop."""

MEDIA_GONE_SECONDS = 15.0
"""A bridged call sends sound all the time, also muted, or says that it rests: nothing for so long, and its media
process is gone."""

MEDIA_SILENT_SECONDS = 3.0
"""Until then what was being said waits for its end; no longer, because nothing is held for nothing."""

ENGINES = versions("clinixcue", "ctranslate2", "faster-whisper", "onnxruntime")

PENDING_SOUNDS = 256
"""Ten seconds of one media process, 32 MB at most: what waits longer than that is of no use to a cue."""

NOT_FOR_THIS_LINE = "The playbook of this line is for other calls (its 'applies_to' says so)."
LANGUAGE_UNKNOWN = "This practice's playbook is in a language that the recogniser does not understand."


class SpeechWorker:
    """Owner of every live call in this process."""

    def __init__(
        self,
        settings: SpeechSettings,
        bus: Bus,
        recognizer: Recognizer,
        network: Silero,
        device: Device,
        memory: SoundMemory,
        playbook: Callable[[str], Playbook] = load,
        sandbox: SandboxState | None = None,
    ) -> None:
        """`playbook` finds one of ours by its name, or raises PlaybookError. `sandbox`: what we have proven."""
        self.worker_id = uuid.uuid4().hex[:12]
        self._settings = settings
        model = {"model": f"{settings.model} {device.compute_type}"}
        self._testimony = Testimony(confinement("speech", sandbox), ENGINES | model)
        self._bus = bus
        self._network = network
        self._memory = memory
        self._recognizer = recognizer
        self._scheduler = Scheduler(recognizer, device)
        self._calls: dict[str, LiveCall] = {}
        self._playbooks = Playbooks(playbook)
        self._outbox: asyncio.Queue[tuple[str, ToAgent | SupervisorAlert]] = asyncio.Queue()
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until `stop`; then close what is left. Raises what broke the recogniser, an ExceptionGroup."""
        background = [asyncio.create_task(self._scheduler.run()), asyncio.create_task(self._send())]
        background[0].add_done_callback(lambda _: self.stop())
        await self._bus.listen(subjects.pcm(self.worker_id), Sound, self._hear, pending=PENDING_SOUNDS)
        await self._bus.serve(subjects.speech_close(self.worker_id), CallClose, self._close, together=True)
        await self._bus.serve(subjects.SPEECH_LEASE, Lease, self._lease, queue=subjects.SPEECH_QUEUE)
        while not self._stopping.is_set():
            await self._tick()
            try:
                await asyncio.wait_for(self._stopping.wait(), 1.0)
            except TimeoutError:
                continue
        await asyncio.gather(*(self._give_up(call) for call in list(self._calls.values())))
        await self._outbox.join()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=SHUTDOWN_SECONDS)
        for task in background:
            task.cancel()
        self._scheduler.close()
        with contextlib.suppress(asyncio.CancelledError):
            await background[0]

    def stop(self) -> None:
        self._stopping.set()

    async def _tick(self) -> None:
        """Once a second: say that we live, show each call its pipeline, end calls whose media process is gone."""
        try:
            state = WorkerState(self.worker_id, len(self._calls), self._settings.capacity)
            await self._bus.publish(subjects.SPEECH_STATE, state)
        except Unreachable:
            pass
        now = time.monotonic()
        for call in list(self._calls.values()):
            if call.closing:
                continue
            if now - call.heard_at > MEDIA_GONE_SECONDS:
                await self._media_is_gone(call)
                continue
            if now - call.heard_at > MEDIA_SILENT_SECONDS:
                call.nobody_sends()
            call.every_second()

    async def _lease(self, lease: Lease) -> Reply:
        if len(self._calls) >= self._settings.capacity or self._stopping.is_set():
            return Refusal("speech_full", "Every recogniser is busy.")
        try:
            playbook = await self._playbooks.of(lease.plan)
        except PlaybookError as error:
            why = f"line {error.line}: {error.reason}"
            return Refusal("playbook", f"This recogniser cannot read the practice's playbook ({why}).")
        if not playbook.applies(lease.plan.line, "inbound"):
            return Refusal("playbook", NOT_FOR_THIS_LINE)
        if spoken(playbook.language) not in self._recognizer.languages:
            return Refusal("language", LANGUAGE_UNKNOWN)
        call = LiveCall(
            lease,
            playbook,
            self._network,
            self._scheduler,
            say=lambda message: self._say(call, message),
            memory=self._memory,
            alert=lambda alert: self._outbox.put_nowait((subjects.ALERTS, alert)),
            testimony=self._testimony,
        )
        self._calls[lease.plan.call_id] = call
        return Grant(self.worker_id, call.checklist)

    async def _hear(self, sound: Sound) -> None:
        for pcm in sound.pieces:
            call = self._calls.get(pcm.call_id)
            if call is not None:
                call.hear(pcm)
        for rest in sound.rests:
            call = self._calls.get(rest.call_id)
            if call is not None:
                call.rest(rest)

    def _say(self, call: LiveCall, message: ChannelMessage | PauseListening | GivenUp) -> None:
        self._outbox.put_nowait((subjects.say(call.media_worker), ToAgent(call.plan.call_id, message)))

    async def _send(self) -> None:
        """Everything for the agents, in order."""
        while True:
            subject, message = await self._outbox.get()
            with contextlib.suppress(Unreachable):
                await self._bus.publish(subject, message)
            self._outbox.task_done()

    async def _close(self, close: CallClose) -> Reply:
        call = self._calls.get(close.call_id)
        if call is None or call.closing:
            return Refusal("unknown_call", "This recogniser does not hold the call.")
        try:
            return await (call.forget() if close.forget else call.finish(close.duration_s))
        finally:
            del self._calls[close.call_id]

    async def _give_up(self, call: LiveCall) -> None:
        """This process ends, the call does not: media finds another recogniser for it, and has our part
        of the receipt."""
        if not call.closing:
            closed = await call.forget()
            self._say(call, GivenUp(closed.wiped))
            del self._calls[call.plan.call_id]

    async def _media_is_gone(self, call: LiveCall) -> None:
        del self._calls[call.plan.call_id]
        self._later(self._report(await call.interrupted()))

    async def _report(self, outcome: Outcome) -> None:
        await self._bus.report(subjects.OUTCOME, outcome)

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def main(settings: ListeningSettings, memory: SoundMemory, state: SandboxState, refusals: Refusals) -> None:
    """Load the weights, then run until SIGTERM or SIGINT. `memory` has places of RING_BYTES."""
    on = device(settings.speech)
    recognizer, network = WhisperRecognizer(settings.speech.model, on), Silero()
    classifier()  # takes a second: not in the middle of the first call
    loop = asyncio.get_running_loop()
    pin(loop, settings.bus)
    bus = await Bus.connect(settings.bus.url, "speech", settings.bus.user, settings.bus.password)
    worker = SpeechWorker(settings.speech, bus, recognizer, network, on, memory, sandbox=state)
    announcing = asyncio.create_task(announce(bus, state, refusals))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    try:
        await worker.run()
    finally:
        announcing.cancel()
        await bus.close()
