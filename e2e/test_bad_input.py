"""What people and networks do wrong: the person sees what happened and what to do, and nothing else breaks."""

import asyncio
import os
import re
import signal
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx2 as httpx
import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Installation, Launch, new_page, sign_in
from e2e.conversation import PRACTICE, Conversation, heard_energy, until
from e2e.recordings import beginning, fake_microphone, turns_of
from e2e.synthetic import SyntheticRun
from server.engines import DATABASE, OWNER_ROLE

pytestmark = pytest.mark.timeout(120)

OTHER_PRACTICE = "Harbour Dental"
SILENT = Path("/dev/null")

PASSES_THE_SERVER = """v=0\r
o=- 1 2 IN IP4 127.0.0.1\r
s=-\r
t=0 0\r
a=fingerprint:sha-256 not:a:fingerprint\r
m=audio nine UDP/TLS/RTP/SAVPF and a half\r
"""
"""Has every line the server asks for, and makes no sense to media."""

REFUSE_MICROPHONE = """() => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("refused", "NotAllowedError"));
}"""
"""As if the permission was taken back between two calls."""

DEAD_LEG_MS = 15_000
"""How long an agent may be rung for a caller whose page is gone: it could have been reloaded."""


@pytest.fixture
def agent(installation: Installation, launch: Launch) -> Page:
    """Tom, available."""
    page = new_page(launch(SILENT))
    go_available(page, installation, "tom.agent")
    return page


@pytest.fixture
def caller(installation: Installation, launch: Launch) -> Page:
    page = new_page(launch(SILENT))
    page.goto(installation.links[PRACTICE])
    return page


def go_available(page: Page, installation: Installation, login: str) -> None:
    sign_in(page, installation, login, "/softphone")
    page.get_by_role("button", name="Go available").click()
    expect(page.get_by_role("heading", name="You are available")).to_be_visible()


def call(page: Page) -> None:
    page.get_by_role("button", name="Call", exact=True).click()
    expect(page.get_by_role("heading", name="Ringing…")).to_be_visible()


def rings(page: Page, yes: bool = True) -> None:
    expect(page.get_by_role("heading", name="Incoming call")).to_have_count(1 if yes else 0)


@contextmanager
def expired(installation: Installation, practice: str) -> Iterator[None]:
    """The practice's link runs out now; put right again afterwards."""
    link = installation.links[practice].rsplit("/", 1)[1]
    in_database(installation, link, "now() - interval '1 minute'")
    try:
        yield
    finally:
        in_database(installation, link, "NULL")


def in_database(installation: Installation, link: str, expires_at: str) -> None:
    """In a thread of its own: Playwright's event loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, set_expiry(installation, link, expires_at)).result()


async def set_expiry(installation: Installation, link: str, expires_at: str) -> None:
    """As the owner of the tables, who sees through row-level security no more than anybody: one practice at a time."""
    lines = (installation.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    password = (installation.data_dir / "secrets" / "postgres-owner").read_text().strip()
    connection = await asyncpg.connect(
        host=lines[4], port=int(lines[3]), user=OWNER_ROLE, password=password, database=DATABASE
    )
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.credential', $1, true)", link)
            practice = await connection.fetchval("SELECT practice_id FROM line WHERE link = $1", link)
            await connection.execute("SELECT set_config('app.practice_id', $1, true)", str(practice))
            # The only values are the two above.
            changed = await connection.execute(f"UPDATE line SET expires_at = {expires_at} WHERE link = $1", link)  # noqa: S608
            assert changed == "UPDATE 1"
    finally:
        await connection.close()


def test_an_unknown_call_link(installation: Installation, launch: Launch) -> None:
    page = new_page(launch(SILENT))
    page.goto(f"{installation.url}/call/there-is-no-such-link")
    expect(page.get_by_role("heading", name="This call link is not known")).to_be_visible()
    expect(page.get_by_text("Ask the practice for its current link, or telephone them.")).to_be_visible()
    expect(page.get_by_text("If it is an emergency call 999")).to_be_visible()


def test_a_call_link_that_runs_out(installation: Installation, launch: Launch) -> None:
    page = new_page(launch(SILENT))
    page.goto(installation.links[OTHER_PRACTICE])
    button = page.get_by_role("button", name="Call", exact=True)
    expect(button).to_be_visible()
    with expired(installation, OTHER_PRACTICE):
        button.click()  # opened in time, called too late
        expect(page.get_by_role("alert")).to_contain_text("This call link is no longer in use")
        expect(page.get_by_role("alert")).to_contain_text("Ask the practice for its current link.")
        page.reload()
        expect(page.get_by_role("heading", name="This call link is no longer in use")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(button).to_be_visible()


@pytest.mark.parametrize("sdp", ["nonsense", PASSES_THE_SERVER], ids=["refused by the server", "refused by media"])
def test_a_malformed_session_description(installation: Installation, sdp: str) -> None:
    media = installation.processes("rtc.media")
    link = installation.links[PRACTICE].rsplit("/", 1)[1]
    with httpx.Client(base_url=installation.url, verify=trusting(installation)) as client:
        placed = client.post(f"/api/lines/{link}/calls", json={"analyse": True}).raise_for_status().json()
        path = f"/api/calls/{placed['call_id']}/patient-leg"
        refused = client.post(path, json={"sdp": sdp}, headers={"X-Call-Token": placed["token"]})
    assert refused.status_code == 422
    assert refused.headers["content-type"].startswith("application/problem+json")
    problem = refused.json()
    assert (problem["type"], problem["status"]) == ("urn:clinixcue:problem:bad-session-description", 422)
    assert problem["title"] == "The browser's call offer cannot be used"
    assert problem["detail"]
    assert installation.processes("rtc.media") == media


def test_a_call_after_malformed_ones(installation: Installation, tmp_path: Path) -> None:
    run = SyntheticRun(installation, "chest_pain", calls=beginning("chest_pain", 3.0, tmp_path))
    lines, said, status = run.finish()
    assert status == 0, said
    assert min(lines[-1]["packets_heard"].values()) > 100


def trusting(installation: Installation) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(installation.ca))


def test_two_agents_answer_the_same_call(
    installation: Installation, launch: Launch, agent: Page, tmp_path: Path
) -> None:
    colleague = new_page(launch(SILENT))
    go_available(colleague, installation, "asha.agent")
    fake_microphone(tmp_path / "patient.wav", [turns_of("chest_pain", "patient")[0]], [0.0])
    caller = new_page(launch(tmp_path / "patient.wav"))
    caller.goto(installation.links[PRACTICE])
    call(caller)
    rings(agent)
    rings(colleague)

    # Both press within a few milliseconds, before either is told of the other.
    for page in (agent, colleague):
        page.evaluate("document.querySelector('button.answer').click()")
    expect(caller.get_by_role("heading", name="You are through")).to_be_visible()
    speaking, free = sorted((agent, colleague), key=lambda page: page.get_by_text("A colleague took this call").count())
    expect(free.get_by_text("A colleague took this call")).to_be_visible()
    expect(free.get_by_text("Nothing to do: they are speaking to the caller.")).to_be_visible()
    expect(free.get_by_role("heading", name="You are available")).to_be_visible()
    expect(speaking.get_by_role("heading", name="In call")).to_be_visible()

    before = heard_energy(speaking)
    speaking.wait_for_function("before => window.heardEnergy().then(now => now - before > 0.001)", arg=before)
    speaking.get_by_role("button", name="Hang up").click()
    expect(caller.get_by_role("heading", name="The call has ended")).to_be_visible()


def test_a_caller_who_refuses_the_microphone_rings_nobody(
    installation: Installation, launch: Launch, agent: Page
) -> None:
    page = new_page(launch(None))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.goto(installation.links[PRACTICE])
    page.get_by_role("button", name="Call", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("We cannot hear you: the microphone is blocked")
    expect(page.get_by_role("alert")).to_contain_text("allow the microphone, then press Call again")
    expect(page.get_by_role("button", name="Call", exact=True)).to_be_enabled()
    assert set(asked) == {"GET"}, "no call was placed"
    rings(agent, yes=False)


def test_an_agent_who_refuses_the_microphone_stays_away(installation: Installation, launch: Launch) -> None:
    page = new_page(launch(None))
    sign_in(page, installation, "tom.agent", "/softphone")
    page.get_by_role("button", name="Go available").click()
    expect(page.get_by_role("alert")).to_contain_text("This page may not use the microphone")
    expect(page.get_by_role("alert")).to_contain_text("set Microphone to Allow, then try again")
    expect(page.get_by_role("heading", name="You are away")).to_be_visible()


def test_an_agent_whose_microphone_is_refused_at_the_answer(
    installation: Installation, launch: Launch, agent: Page, caller: Page
) -> None:
    call(caller)
    rings(agent)
    agent.evaluate(REFUSE_MICROPHONE)
    agent.get_by_role("button", name="Answer").click()
    expect(agent.get_by_text("The call was not answered: no microphone")).to_be_visible()
    expect(agent.get_by_text("The caller is still waiting.")).to_be_visible()
    rings(agent)
    expect(caller.get_by_role("heading", name="Ringing…")).to_be_visible()
    caller.get_by_role("button", name="Hang up").click()
    rings(agent, yes=False)


def test_a_caller_who_closes_the_tab_while_it_rings(agent: Page, caller: Page) -> None:
    call(caller)
    rings(agent)
    caller.on("dialog", lambda dialog: dialog.accept())
    caller.close(run_before_unload=True)
    expect(agent.get_by_role("heading", name="You are available")).to_be_visible(timeout=DEAD_LEG_MS)


def test_a_caller_whose_browser_dies_while_it_rings(agent: Page, caller: Page) -> None:
    call(caller)
    rings(agent)
    browser = caller.context.browser
    assert browser is not None
    browser.close()
    expect(agent.get_by_role("heading", name="You are available")).to_be_visible(timeout=DEAD_LEG_MS)


def test_tls_1_2_is_refused(installation: Installation) -> None:
    address = urlsplit(installation.url)
    context = trusting(installation)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection((address.hostname, address.port), timeout=5) as plain,
        pytest.raises(ssl.SSLError, match=re.compile("version", re.IGNORECASE)),
    ):
        context.wrap_socket(plain, server_hostname=address.hostname)
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    with (
        socket.create_connection((address.hostname, address.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=address.hostname) as secured,
    ):
        assert secured.version() == "TLSv1.3"


def test_a_server_that_dies_does_not_end_the_call(installation: Installation, launch: Launch, tmp_path: Path) -> None:
    c = Conversation(installation, launch, tmp_path)
    c.begin()
    [server] = installation.processes("server")
    os.kill(server, signal.SIGKILL)
    expect(c.agent.get_by_text("Not connected to the server. Trying again…")).to_be_visible()
    expect(c.agent.get_by_text("Your call goes on.")).to_be_visible()
    until(c.agent, c.spoken_at(c.caller, c.chest.start))
    agent_heard = heard_energy(c.agent)
    c.after(c.chest, 0.0)
    assert heard_energy(c.agent) - agent_heard > 0.001, "the agent hears the caller"
    assert heard_energy(c.caller) > 0.001, "the caller heard the greeting"
    expect(c.agent.get_by_text("Not connected to the server. Trying again…")).to_have_count(0)
    assert installation.processes("server") not in ([], [server])
    c.agent.get_by_role("button", name="Hang up").click()
    expect(c.caller.get_by_role("heading", name="The call has ended")).to_be_visible()
    expect(c.agent.get_by_text("of the speech was understood")).to_be_visible()
