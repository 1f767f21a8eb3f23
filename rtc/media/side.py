"""One side of a call over the whole call: the connection it has now, and whether anybody is there."""

import time

from rtc.media.peer import LegPeer


class Side:
    """Owner: the call. All times are monotonic seconds."""

    def __init__(self) -> None:
        self.peer: LegPeer | None = None
        self.connected = False
        self.was_connected = False
        self.lost = False
        """The other side has been told."""
        self.predecessor_sign_at = 0.0
        """When the connection before this one last showed life."""
        self._away_since: float | None = None
        self._offered_at: float | None = None
        """Of a side that has never been connected."""

    def take(self, peer: LegPeer) -> LegPeer | None:
        """Use this connection from now on. Returns the one it replaces, for the caller to close."""
        old, self.peer = self.peer, peer
        if old is not None:
            self.predecessor_sign_at = old.last_sign_at
        self.connected = False
        if not self.was_connected:
            self._offered_at = time.monotonic()
        elif self._away_since is None:
            self._away_since = time.monotonic()
        return old

    def here(self) -> None:
        self.connected = self.was_connected = True
        self.lost = False
        self._away_since = self._offered_at = None

    def lose(self) -> bool:
        """True the first time, until it is `here` again."""
        first, self.lost = not self.lost, True
        if self._away_since is None:
            self._away_since = time.monotonic()
        return first

    def silent_for(self, seconds: float) -> bool:
        """Neither packet nor ping for so long, and nobody has been told; a replacement has as long to connect."""
        if self.lost or self.peer is None or not (self.connected or self._away_since is not None):
            return False
        return time.monotonic() - self.peer.last_sign_at > seconds

    def heard_again(self) -> bool:
        """The connection was given up and has shown life since: the network had only paused."""
        return (
            self.connected
            and self.peer is not None
            and self._away_since is not None
            and self.peer.last_sign_at > self._away_since
        )

    def unconnected_for(self, seconds: float) -> bool:
        """It never was connected, and its connection has neither come about nor failed for so long."""
        return self._offered_at is not None and time.monotonic() - self._offered_at > seconds

    def away_for(self, seconds: float) -> bool:
        return self._away_since is not None and time.monotonic() - self._away_since > seconds
