"""Headers, TLS, the Origin rule and limits, as a browser meets them."""

import socket
import ssl

import httpx2
import pytest
from websockets.exceptions import InvalidStatus

from server.security import MAX_BODY_BYTES, headers
from tests.support.fake_media import FakeMedia
from tests.support.installation import Installation
from tests.support.signalling import answer, place, problem

EVIL = "https://evil.example"


@pytest.mark.parametrize(
    "path",
    ["/healthz/live", "/call/abc", "/api/me", "/nowhere", "/static/assets/softphone-1a2b3c.js", "/auth/callback"],
)
async def test_every_answer_carries_the_security_headers(anybody: httpx2.AsyncClient, path: str) -> None:
    sent = (await anybody.get(path)).headers
    policy = sent["content-security-policy"]
    for directive in (
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
    ):
        assert directive in policy.split("; ")
    assert "unsafe" not in policy
    assert sent["x-content-type-options"] == "nosniff"
    assert sent["referrer-policy"] == "no-referrer"
    assert "microphone=(self)" in sent["permissions-policy"]
    assert sent["cross-origin-opener-policy"] == "same-origin"
    assert sent["cross-origin-resource-policy"] == "same-origin"


async def test_only_files_with_a_hash_in_their_name_are_cached(anybody: httpx2.AsyncClient) -> None:
    assert (await anybody.get("/call/abc")).headers["cache-control"] == "no-store"
    assert (await anybody.get("/api/me")).headers["cache-control"] == "no-store"
    asset = await anybody.get("/static/assets/softphone-1a2b3c.js")
    assert asset.status_code == 200
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["/static/assets/../softphone.html", "/static/assets/%2e%2e/%2e%2e/server.log"])
async def test_nothing_beside_the_assets_is_served(anybody: httpx2.AsyncClient, path: str) -> None:
    assert (await anybody.get(path)).status_code == 404


def test_strict_transport_security_is_for_real_names() -> None:
    """On localhost it would bind every other server on that person's machine."""
    assert "strict-transport-security" in headers("https://calls.example.org")
    assert "strict-transport-security" not in headers("https://localhost:8443")


def test_tls_1_2_is_refused(installation: Installation) -> None:
    context = ssl.create_default_context(cafile=installation.authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", installation.port), timeout=5) as plain,
        pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("path", ["/auth/sign-out", "/api/calls/00000000-0000-4000-8000-000000000000/hang-up"])
@pytest.mark.parametrize(
    "sent",
    [{"origin": EVIL}, {"origin": "null"}, {}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)
async def test_another_sites_page_cannot_act_with_our_cookie(
    installation: Installation, path: str, sent: dict[str, str]
) -> None:
    cookie = {"cookie": installation.headers_of("tom.agent")["cookie"]}
    async with installation.client({**cookie, **sent}) as browser:
        assert problem(await browser.post(path)) == (403, "wrong-origin")
    async with installation.as_person("tom.agent") as tom:
        assert (await tom.get("/api/me")).status_code == 200


async def test_our_own_page_may_act(installation: Installation) -> None:
    cookie = {"cookie": installation.headers_of("tom.agent")["cookie"], "sec-fetch-site": "same-origin"}
    async with installation.client(cookie) as browser:
        answered = await browser.post("/api/calls/00000000-0000-4000-8000-000000000000/hang-up")
    assert problem(answered) == (404, "unknown-call")


@pytest.mark.parametrize("origin", [EVIL, "null", "http://localhost", None])
async def test_a_socket_from_another_site_is_refused(installation: Installation, origin: str | None) -> None:
    headers = {"cookie": installation.headers_of("tom.agent")["cookie"]}
    if origin is not None:
        headers["origin"] = origin
    with pytest.raises(InvalidStatus):
        async with installation.socket("/ws/agent", headers):
            pass


async def test_a_callers_socket_from_another_site_is_refused(installation: Installation, media: FakeMedia) -> None:
    async with installation.client() as anybody:
        call = await place(anybody, installation.link)
    with pytest.raises(InvalidStatus):
        async with installation.socket(f"/ws/caller/{call.call_id}", {"origin": EVIL}):
            pass
    assert media.worker_id


async def test_answering_from_another_site_is_refused(installation: Installation, media: FakeMedia) -> None:
    headers = {**installation.headers_of("tom.agent"), "origin": EVIL}
    async with installation.client() as anybody, installation.client(headers) as evil:
        call = await place(anybody, installation.link)
        assert problem(await answer(evil, call)) == (403, "wrong-origin")
    assert media.offers == []


async def test_large_bodies_are_refused(installation: Installation) -> None:
    async with installation.client() as anybody:
        body = b'{"analyse": true, "more": "' + b"x" * MAX_BODY_BYTES + b'"}'
        path = f"/api/lines/{installation.link}/calls"
        sent = await anybody.post(path, content=body, headers={"content-type": "application/json"})
        assert problem(sent) == (413, "too-large")
