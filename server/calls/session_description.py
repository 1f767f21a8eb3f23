"""What a browser's offer must be before it is passed on. The media worker parses it; this keeps nonsense from it."""

from rtc.messages import MAX_SDP_CHARS
from server.errors import Problem

DATA_CHANNEL = "m=application"


def check_offer(sdp: str) -> None:
    """Raises Problem `bad-session-description` naming what is missing (RFC 8866 section 5)."""
    if not sdp or len(sdp) > MAX_SDP_CHARS:
        raise Problem("bad-session-description", f"Send a session description of 1 to {MAX_SDP_CHARS} characters.")
    if any(ord(character) < 32 and character not in "\r\n\t" for character in sdp):
        raise Problem("bad-session-description", "The session description holds control characters.")
    lines = sdp.splitlines()
    if lines[0] != "v=0":
        raise Problem("bad-session-description", "A session description begins with v=0.")
    malformed = next((line for line in lines if line and not (line[0].isalpha() and line[1:2] == "=")), None)
    if malformed is not None:
        raise Problem("bad-session-description", "Every line of a session description is a letter, = and a value.")
    sections = [line.split(" ", 1)[0] for line in lines if line.startswith("m=")]
    if sections.count("m=audio") != 1:
        raise Problem("bad-session-description", "The session description needs exactly one audio section.")
    if any(section not in ("m=audio", DATA_CHANNEL) for section in sections):
        raise Problem("bad-session-description", "Only audio and a data channel are taken: no video.")
    if not any(line.startswith("a=fingerprint:") for line in lines):
        raise Problem("bad-session-description", "The session description has no DTLS fingerprint (RFC 8122).")
