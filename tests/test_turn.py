"""TURN with time-limited credentials: what the server makes, coturn takes, and only for as long as it should."""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import create_turn_endpoint
from aiortc import RTCConfiguration, RTCIceServer, RTCIceTransportPolicy, RTCPeerConnection, RTCSessionDescription

from rtc.media.peer import LegPeer
from rtc.settings import BusSettings, SettingsError
from rtc.synthetic.sound import Player, opus_packets, silence
from server.calls.schemas import IceServer
from server.calls.turn import Turn
from server.settings import (
    DatabaseSettings,
    IdentitySettings,
    ServerProcessSettings,
    ServerSettings,
    SessionSettings,
    TurnSettings,
    check,
)
from tests.support.coturn import Coturn
from tests.support.legs import CALLS, loopback_only

SECRET = "shared-with-coturn-in-tests-only"
LIFETIME_S = 600


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    engine = Coturn(Path(tmp_path_factory.mktemp("coturn")), SECRET)
    engine.start()
    yield engine
    engine.stop()


def credentials(coturn: Coturn, clock: Callable[[], float] = time.time, secret: str = SECRET) -> IceServer:
    settings = TurnSettings([coturn.url], secret, LIFETIME_S)
    [server] = Turn(settings, clock).servers_for(uuid.uuid4()).ice_servers
    return server


async def allocate(coturn: Coturn, server: IceServer) -> None:
    transport, _ = await create_turn_endpoint(
        asyncio.DatagramProtocol, ("127.0.0.1", coturn.port), server.username, server.credential
    )
    transport.close()


async def test_a_leg_connects_through_the_relay_and_is_heard(coturn: Coturn) -> None:
    """A browser that UDP to media does not reach: it offers nothing but its relay."""
    loopback_only()
    heard = asyncio.Event()
    leg = LegPeer(lambda _pcm, _lost: heard.set(), lambda _payload, _timestamp: None, lambda _state: None)
    given = credentials(coturn)
    server = RTCIceServer(given.urls, given.username, given.credential)
    browser = RTCPeerConnection(RTCConfiguration([server], RTCIceTransportPolicy.RELAY))
    player = Player(opus_packets(CALLS / "chest_pain.patient.flac"), silence(10)[-1])
    browser.addTransceiver(player)
    await browser.setLocalDescription(await browser.createOffer())
    offer = browser.localDescription.sdp
    candidates = [line for line in offer.splitlines() if line.startswith("a=candidate:")]
    assert candidates
    assert all("typ relay" in line for line in candidates)
    await browser.setRemoteDescription(RTCSessionDescription(await leg.answer(offer, ""), "answer"))
    player.play()
    await asyncio.wait_for(heard.wait(), 10)
    await browser.close()
    await leg.close()


async def test_credentials_are_taken_while_they_last(coturn: Coturn) -> None:
    await allocate(coturn, credentials(coturn))


async def test_expired_credentials_are_refused(coturn: Coturn) -> None:
    expired = credentials(coturn, lambda: time.time() - LIFETIME_S - 5)
    with pytest.raises(TransactionFailed, match="401"):
        await allocate(coturn, expired)


async def test_credentials_under_another_secret_or_with_a_longer_life_are_refused(coturn: Coturn) -> None:
    forged = credentials(coturn, secret="guessed")
    with pytest.raises(TransactionFailed, match="401"):
        await allocate(coturn, forged)
    honest = credentials(coturn)
    expiry, call = honest.username.split(":")
    with pytest.raises(TransactionFailed, match="401"):
        await allocate(coturn, IceServer(honest.urls, f"{int(expiry) + 9999}:{call}", honest.credential))


def test_the_name_is_the_end_and_the_call() -> None:
    call_id = uuid.UUID(int=7)
    settings = TurnSettings(["turn:turn.example.org:3478", "turns:turn.example.org:443"], SECRET, LIFETIME_S)
    [server] = Turn(settings, lambda: 1_000.9).servers_for(call_id).ice_servers
    assert server.urls == settings.urls
    assert server.username == f"1600:{call_id}"
    assert SECRET not in repr(server)


def test_without_turn_servers_nobody_is_named() -> None:
    assert Turn(TurnSettings()).servers_for(uuid.uuid4()).ice_servers == []


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (TurnSettings(["stun:stun.example.org"], SECRET), "urls must look like"),
        (TurnSettings(["turn:turn.example.org"]), "shared_secret is missing"),
    ],
)
def test_settings_that_cannot_work_are_refused(turn: TurnSettings, said: str) -> None:
    settings = ServerProcessSettings(
        ServerSettings(),
        DatabaseSettings(),
        IdentitySettings(issuer="http://127.0.0.1:9000"),
        SessionSettings(),
        BusSettings(),
        turn,
    )
    with pytest.raises(SettingsError, match=said):
        check(settings)
