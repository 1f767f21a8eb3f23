"""Credentials for the installation's own TURN servers: made here, checked there, ended by the clock.

draft-uberti-behave-turn-rest-00 section 2.2: the user name is the time they end and a name of our choice, the password
its HMAC-SHA1 under a secret that only this server and the TURN servers know. Nothing is stored and nobody is asked.
"""

import base64
import hmac
import time
from collections.abc import Callable
from uuid import UUID

from server.calls.schemas import IceServer, IceServers
from server.settings import TurnSettings


class Turn:
    """One per server process. `clock` gives seconds since 1970."""

    def __init__(self, settings: TurnSettings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock

    def servers_for(self, call_id: UUID) -> IceServers:
        """What a browser of this call may use; empty without TURN servers. Names the call, and no person."""
        if not self._settings.urls:
            return IceServers([])
        username = f"{int(self._clock()) + self._settings.lifetime_s}:{call_id}"
        digest = hmac.digest(self._settings.shared_secret.encode(), username.encode(), "sha1")
        return IceServers([IceServer(self._settings.urls, username, base64.b64encode(digest).decode())])
