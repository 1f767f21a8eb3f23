"""One call: media in, cues and a score out. No HTTP, no database, no law."""

import os

# ONNX Runtime 1.29 and newer reports to Microsoft on Linux too, and keeps a database and a device id under
# ~/.cache/Microsoft for that. Only the environment switches it off fully, and only before the library is loaded;
# `onnxruntime.disable_telemetry_events` comes too late for the first report. Both speech and coaching load it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
