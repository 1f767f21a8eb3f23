"""WebRTC peers, the bridge between the two legs, and the agent's data channel. Never opens a file or a database."""
