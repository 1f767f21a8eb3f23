"""Recognition in memory: voice activity, short windows, hypotheses, cues, score. Never opens a file for writing."""
