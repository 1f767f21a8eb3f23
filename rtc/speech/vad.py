"""Voice activity of one leg: Silero's network on 32 ms windows and a four-state machine over its answers."""

from typing import Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rtc.messages import SAMPLE_RATE
from rtc.speech.weights import silero

WINDOW = 512
CONTEXT = 64
"""Samples: what the network looks at, and how much of the window before it wants to see again."""

START_PROBABILITY = 0.5
STOP_PROBABILITY = 0.35
START_WINDOWS = 2
"""64 ms of voice before we believe it; a click is shorter."""

INAUDIBLE = 4 / 32768
"""A muted microphone comes out of Opus as samples of one unit, 1/32768: no need to look for a voice there."""

WINDOW_MS = WINDOW * 1000 // SAMPLE_RATE

State = Literal["quiet", "starting", "speaking", "stopping"]


class Silero:
    """The network, shared by all legs of the process, one window at a time: why not several together, decision 0012."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(silero(), options, providers=["CPUExecutionProvider"])

    def probability(
        self, window: NDArray[np.float32], hidden: NDArray[np.float32], cell: NDArray[np.float32]
    ) -> tuple[float, NDArray[np.float32], NDArray[np.float32]]:
        """Voice probability of (1, CONTEXT + WINDOW) samples and the recurrent state, both (1, 1, 128), after it."""
        output, hidden, cell = self._session.run(None, {"input": window, "h": hidden, "c": cell})
        return float(output.ravel()[0]), hidden, cell


class VoiceActivity:
    """Owner: one leg. Feed it WINDOW samples at a time, in order; it says what state the voice is in.

    quiet -> starting -> speaking -> stopping -> quiet; stopping falls back to speaking when the voice goes on.
    `silent_windows` counts the windows since the voice was last heard; the segmenter decides how many end a turn.
    """

    def __init__(self, network: Silero) -> None:
        self._network = network
        self._input = np.zeros((1, CONTEXT + WINDOW), dtype=np.float32)
        self._hidden = np.zeros((1, 1, 128), dtype=np.float32)
        self._cell = np.zeros((1, 1, 128), dtype=np.float32)
        self._voiced = 0
        self.state: State = "quiet"
        self.silent_windows = 0
        self.probability = 0.0

    def feed(self, window: NDArray[np.float32]) -> State:
        """`window`: WINDOW samples, -1 to 1. A muted leg costs next to nothing."""
        self._input[0, :CONTEXT] = self._input[0, -CONTEXT:]
        self._input[0, CONTEXT:] = window
        if self.state == "quiet" and np.abs(self._input).max() < INAUDIBLE:
            self.probability = 0.0
        else:
            self._look()
        voiced = self.probability >= (START_PROBABILITY if self.state in ("quiet", "starting") else STOP_PROBABILITY)
        self.state = self._after(voiced)
        return self.state

    def _look(self) -> None:
        self.probability, self._hidden, self._cell = self._network.probability(self._input, self._hidden, self._cell)

    def _after(self, voiced: bool) -> State:
        if voiced:
            self._voiced += 1
            self.silent_windows = 0
            return "speaking" if self._voiced >= START_WINDOWS or self.state == "stopping" else "starting"
        self.silent_windows += 1
        if self.state in ("quiet", "starting"):
            self._voiced = 0
            return "quiet"
        return "stopping"

    def turn_ended(self) -> None:
        """The segmenter took the turn; the next voice starts a new one."""
        self.state, self._voiced = "quiet", 0

    def wipe(self) -> None:
        self._input[:] = 0
        self._hidden[:] = 0
        self._cell[:] = 0
