"""Security headers on every answer, and the Origin rule for unsafe methods and WebSockets."""

from urllib.parse import urlsplit

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketException
from litestar.types import ASGIApp, BeforeMessageSendHookHandler, Message, Receive, Scope, Send

from server.errors import Problem
from server.settings import LOOPBACK_NAMES

SESSION_COOKIE = "__Host-clinixcue"
"""The `__Host-` prefix makes the browser insist on Secure, Path=/ and no Domain (RFC 6265bis section 4.1.3.2)."""

MAX_BODY_BYTES = 64 * 1024
"""A session description is at most MAX_SDP_CHARS; everything else is smaller."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""RFC 9110 section 9.2.1."""

POLICY_VIOLATION = 1008
"""RFC 6455 section 7.4.1."""


def headers(public_url: str) -> dict[str, str]:
    """The headers of every answer. `public_url` is ours: https://host[:port]."""
    url = urlsplit(public_url)
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "font-src": "'self'",
        # 'self' covers wss of the same origin in current browsers only; named for those where it does not.
        "connect-src": f"'self' wss://{url.netloc}",
        "media-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "require-trusted-types-for": "'script'",
    }
    answer = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=(), display-capture=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-frame-options": "DENY",
    }
    # For a loopback name the rule would reach every other server on that person's machine (RFC 6797 section 14.4).
    if url.hostname not in LOOPBACK_NAMES:
        answer["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    return answer


def add_headers(public_url: str) -> BeforeMessageSendHookHandler:
    """A hook that Litestar runs for every message it sends, those without a route included."""
    fixed = headers(public_url)

    async def before_send(message: Message, _scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        sent = MutableScopeHeaders.from_message(message)
        for name, value in fixed.items():
            sent[name] = value
        sent.setdefault("cache-control", "no-store")

    return before_send


class OriginCheck:
    """Refuses what another site's page could make a browser send with our cookie.

    Unsafe methods: an Origin must be ours; a request with our cookie must prove it is same-origin. WebSocket
    handshakes are GETs that browsers send across origins with cookies, so they get the same rule (RFC 6455 section
    10.2). A program that sends neither Origin nor cookie (bearer token, call token) is not a browser under attack.
    """

    def __init__(self, app: ASGIApp, origin: str) -> None:
        self.app = app
        self._origin = origin.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.WEBSOCKET:
            if not self._may_pass(scope):
                raise WebSocketException(detail="wrong origin", code=POLICY_VIOLATION)
        elif scope["method"] not in SAFE_METHODS and not self._may_pass(scope):
            raise Problem("wrong-origin")
        await self.app(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        sent = dict(scope["headers"])
        origin = sent.get(b"origin")
        if origin is not None:
            return origin == self._origin
        with_cookie = any(name == b"cookie" and SESSION_COOKIE.encode() in value for name, value in scope["headers"])
        return not with_cookie or sent.get(b"sec-fetch-site") == b"same-origin"
