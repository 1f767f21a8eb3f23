"""Real WebRTC calls from audio files, through the public signalling: a monitor, and our way to measure."""
