"""Sign-in against the real identity provider, and what must not get anybody in."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from server.demo import RIVERSIDE
from tests.support.installation import SESSION_COOKIE, STRANGER, Installation, sign_in, to_callback

BROWSER_COOKIE = "__Host-clinixcue-sign-in"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def browser(installation: Installation) -> Iterator[httpx2.Client]:
    with httpx2.Client(verify=installation.trust, timeout=15) as client:
        yield client


def problem(answer: httpx2.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:clinixcue:problem:")


def depart(installation: Installation, browser: httpx2.Client, next_path: str = "/softphone") -> httpx2.Response:
    return browser.get(f"{installation.origin}/auth/sign-in", params={"next": next_path})


def test_signs_in_and_out(installation: Installation, browser: httpx2.Client) -> None:
    answer = sign_in(browser, installation.origin, "tom.agent")
    assert (answer.status_code, answer.headers["location"]) == (302, "/softphone")
    me = browser.get(f"{installation.origin}/api/me").json()
    assert me["name"] == "Tom Hayes"
    assert me["email"] == "tom.agent@riverside.example"
    assert me["practice"] == {"id": str(RIVERSIDE.id), "name": "Riverside Surgery"}
    assert me["roles"] == ["agent"]

    cookie = browser.cookies[SESSION_COOKIE]
    out = browser.post(f"{installation.origin}/auth/sign-out", headers={"origin": installation.origin})
    assert out.status_code == 204
    assert SESSION_COOKIE not in browser.cookies
    again = browser.get(f"{installation.origin}/api/me", headers={"cookie": f"{SESSION_COOKIE}={cookie}"})
    assert (again.status_code, problem(again)) == (401, "sign-in-required")


def test_cookie_is_bound_to_this_host_and_hidden_from_scripts(
    installation: Installation, browser: httpx2.Client
) -> None:
    answer = sign_in(browser, installation.origin, "tom.agent")
    ours = next(value for value in answer.headers.get_list("set-cookie") if value.startswith(SESSION_COOKIE + "="))
    attributes = {part.strip().lower() for part in ours.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
    assert not any(part.startswith("domain") for part in attributes)


def test_authorization_request_uses_code_pkce_state_and_nonce(
    installation: Installation, browser: httpx2.Client
) -> None:
    query = parse_qs(urlsplit(depart(installation, browser).headers["location"]).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert {"code_challenge", "state", "nonce"} <= query.keys()


def test_a_planted_session_cookie_is_never_adopted(installation: Installation, browser: httpx2.Client) -> None:
    planted = "attackerchosen"
    departure = depart(installation, browser)
    callback = to_callback(browser, departure, "tom.agent")
    cookies = f"{BROWSER_COOKIE}={browser.cookies[BROWSER_COOKIE]}; {SESSION_COOKIE}={planted}"
    answer = httpx2.get(callback, headers={"cookie": cookies}, verify=installation.trust)
    assert answer.status_code == 302
    issued = SimpleCookie(next(v for v in answer.headers.get_list("set-cookie") if v.startswith(SESSION_COOKIE + "=")))
    assert issued[SESSION_COOKIE].value != planted
    with_planted = browser.get(f"{installation.origin}/api/me", headers={"cookie": f"{SESSION_COOKIE}={planted}"})
    assert with_planted.status_code == 401


def test_signing_in_again_ends_the_session_before(installation: Installation, browser: httpx2.Client) -> None:
    sign_in(browser, installation.origin, "tom.agent")
    first = browser.cookies[SESSION_COOKIE]
    sign_in(browser, installation.origin, "tom.agent")
    assert browser.cookies[SESSION_COOKIE] != first
    old = httpx2.get(
        f"{installation.origin}/api/me", headers={"cookie": f"{SESSION_COOKIE}={first}"}, verify=installation.trust
    )
    assert old.status_code == 401


async def test_only_the_hash_of_a_session_is_stored(installation: Installation, browser: httpx2.Client) -> None:
    sign_in(browser, installation.origin, "asha.agent")
    cookie = browser.cookies[SESSION_COOKIE]
    async with installation.rows(RIVERSIDE.id) as rows:
        stored = [dict(row) for row in await rows.fetch("SELECT * FROM login_session")]
    assert sha256(cookie) in [row["token_hash"] for row in stored]
    assert cookie not in str(stored)


@pytest.mark.parametrize("replaced", ["made-up", ""])
def test_a_state_we_did_not_give_is_refused(installation: Installation, browser: httpx2.Client, replaced: str) -> None:
    callback = httpx2.URL(to_callback(browser, depart(installation, browser), "tom.agent"))
    answer = browser.get(callback.copy_set_param("state", replaced))
    assert (answer.status_code, problem(answer)) == (403, "sign-in-failed")
    assert SESSION_COOKIE not in browser.cookies


def test_an_answer_counts_once(installation: Installation, browser: httpx2.Client) -> None:
    callback = to_callback(browser, depart(installation, browser), "tom.agent")
    kept = browser.cookies[BROWSER_COOKIE]
    assert browser.get(callback).status_code == 302
    again = httpx2.get(callback, headers={"cookie": f"{BROWSER_COOKIE}={kept}"}, verify=installation.trust)
    assert (again.status_code, problem(again)) == (403, "sign-in-failed")


def test_an_answer_for_another_browser_is_refused(installation: Installation, browser: httpx2.Client) -> None:
    """Login CSRF: an attacker's own callback address, opened by the victim."""
    callback = to_callback(browser, depart(installation, browser), "tom.agent")
    with httpx2.Client(verify=installation.trust) as victim:
        answer = victim.get(callback)
    assert (answer.status_code, problem(answer)) == (403, "sign-in-failed")


def test_an_answer_of_another_issuer_is_refused(installation: Installation, browser: httpx2.Client) -> None:
    callback = httpx2.URL(to_callback(browser, depart(installation, browser), "tom.agent"))
    answer = browser.get(callback.copy_set_param("iss", "https://other.example"))
    assert (answer.status_code, problem(answer)) == (403, "sign-in-failed")


async def test_a_token_with_another_nonce_is_refused(installation: Installation, browser: httpx2.Client) -> None:
    departure = depart(installation, browser)
    state = parse_qs(urlsplit(departure.headers["location"]).query)["state"][0]
    await change_attempt(installation, state, "UPDATE sign_in_attempt SET nonce = 'of another sign-in'")
    answer = browser.get(to_callback(browser, departure, "tom.agent"))
    assert (answer.status_code, problem(answer)) == (403, "sign-in-failed")


async def test_a_wrong_code_verifier_is_refused_by_the_provider(
    installation: Installation, browser: httpx2.Client
) -> None:
    departure = depart(installation, browser)
    state = parse_qs(urlsplit(departure.headers["location"]).query)["state"][0]
    await change_attempt(installation, state, "UPDATE sign_in_attempt SET code_verifier = repeat('x', 43)")
    answer = browser.get(to_callback(browser, departure, "tom.agent"))
    assert (answer.status_code, problem(answer)) == (403, "sign-in-failed")


async def test_an_attempt_that_took_too_long_is_refused(installation: Installation, browser: httpx2.Client) -> None:
    departure = depart(installation, browser)
    state = parse_qs(urlsplit(departure.headers["location"]).query)["state"][0]
    await change_attempt(installation, state, "UPDATE sign_in_attempt SET expires_at = now() - interval '1 second'")
    answer = browser.get(to_callback(browser, departure, "tom.agent"))
    assert (answer.status_code, problem(answer)) == (403, "sign-in-failed")


def test_a_person_no_practice_added_is_told_whom_to_ask(installation: Installation, browser: httpx2.Client) -> None:
    callback = to_callback(browser, depart(installation, browser), STRANGER)
    answer = browser.get(callback, headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert "administrator" in answer.text
    assert SESSION_COOKIE not in browser.cookies


async def test_a_disabled_person_gets_no_further(installation: Installation, browser: httpx2.Client) -> None:
    sign_in(browser, installation.origin, "ada.admin")
    async with installation.rows(RIVERSIDE.id) as rows:
        await rows.execute("UPDATE person SET disabled_at = now() WHERE subject = 'ada.admin'")
    try:
        assert browser.get(f"{installation.origin}/api/me").status_code == 401
        answer = sign_in(browser, installation.origin, "ada.admin")
        assert (answer.status_code, problem(answer)) == (403, "disabled-person")
    finally:
        async with installation.rows(RIVERSIDE.id) as rows:
            await rows.execute("UPDATE person SET disabled_at = NULL WHERE subject = 'ada.admin'")


@pytest.mark.parametrize(
    ("column", "back"), [("last_seen_at", timedelta(minutes=31)), ("expires_at", timedelta(hours=13))]
)
async def test_sessions_end(installation: Installation, browser: httpx2.Client, column: str, back: timedelta) -> None:
    sign_in(browser, installation.origin, "dora.dpo")
    hashed = sha256(browser.cookies[SESSION_COOKIE])
    async with installation.rows(RIVERSIDE.id) as rows:
        await rows.execute(
            f"UPDATE login_session SET {column} = $1 WHERE token_hash = $2",  # noqa: S608  # a name of ours
            datetime.now(UTC) - back,
            hashed,
        )
    assert browser.get(f"{installation.origin}/api/me").status_code == 401
    async with installation.rows(RIVERSIDE.id) as rows:
        assert await rows.fetchval("SELECT count(*) FROM login_session WHERE token_hash = $1", hashed) == 0


@pytest.mark.parametrize("outside", ["https://evil.example", "//evil.example", "/\\evil.example", "/softphone/../x"])
def test_sign_in_leads_only_to_our_pages(installation: Installation, browser: httpx2.Client, outside: str) -> None:
    answer = sign_in(browser, installation.origin, "tom.agent", next_path=outside)
    assert answer.headers["location"] == "/"


async def change_attempt(installation: Installation, state: str, statement: str) -> None:
    """As the owner of the tables, who is bound by row-level security too: the state's hash opens this one row."""
    async with installation.rows(credential=sha256(state)) as rows:
        changed = await rows.execute(f"{statement} WHERE state_hash = $1", sha256(state))
    assert changed == "UPDATE 1"
