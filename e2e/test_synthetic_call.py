"""`clinixcue synthetic-call`: the whole call without a browser, as a monitor would place it."""

from pathlib import Path

import pytest

from e2e.conftest import Installation
from e2e.recordings import beginning
from e2e.synthetic import Line, SyntheticRun
from server.engines import free_port

pytestmark = pytest.mark.timeout(240)

CUE_SECONDS = 2.0
"""The bar of these tests; how fast cues really are is measured by the benchmark."""

HEARD_SHARE = 0.98
"""Of the packets of each side's recording; the network between them is this machine's loopback."""


@pytest.fixture(scope="module")
def finished(installation: Installation) -> dict[str, list[Line]]:
    """The lines of two whole calls, placed by two monitors at the same time."""
    runs = {call: SyntheticRun(installation, call) for call in ("chest_pain", "price_and_card")}
    try:
        results = {call: run.finish() for call, run in runs.items()}
    finally:
        for run in runs.values():
            run.stop()
    assert {call: (status, said) for call, (_, said, status) in results.items() if status} == {}
    return {call: lines for call, (lines, _, _) in results.items()}


def messages_of(lines: list[Line], kind: str) -> list[Line]:
    return [line for line in lines if line.get("message", {}).get("type") == kind]


def ends_of(lines: list[Line]) -> list[Line]:
    return [line for line in lines if "outcome" in line]


def assert_accounted_for(lines: list[Line], calls: int = 1) -> None:
    """Each call has its outcome, its sound was heard on both sides and is wiped to the last frame."""
    assert [line for line in lines if "error" in line] == []
    assert sorted(line["call"] for line in ends_of(lines)) == list(range(calls))
    for line in ends_of(lines):
        assert line["purge"]["complete"]
        assert line["purge"]["frames_wiped"] == line["purge"]["frames_in"] > 100
        assert min(line["packets_heard"].values()) > 100


def first_cue(lines: list[Line], label: str) -> Line:
    found = [line for line in messages_of(lines, "cue") if line["message"]["label"] == label]
    assert found, [line["message"]["text"] for line in messages_of(lines, "caption") if line["message"]["final"]]
    return found[0]


def test_chest_pain(finished: dict[str, list[Line]]) -> None:
    lines = finished["chest_pain"]
    assert_accounted_for(lines)
    cue = first_cue(lines, "chest_pain")
    assert cue["message"]["lane"] == "safety"
    assert cue["turn"] == 1
    assert cue["latency_s"] < CUE_SECONDS
    [scorecard] = messages_of(lines, "scorecard")
    [end] = ends_of(lines)
    assert end["outcome"]["total"] == scorecard["message"]["total"] is not None
    assert messages_of(lines, "pipeline")[-1]["message"]["stage"] == "purge"


def test_price_and_card(finished: dict[str, list[Line]]) -> None:
    lines = finished["price_and_card"]
    assert_accounted_for(lines)
    cue = first_cue(lines, "card_number")
    assert cue["message"]["lane"] == "compliance"
    assert cue["latency_s"] < CUE_SECONDS
    assert "chest_pain" not in {line["message"]["label"] for line in messages_of(lines, "cue")}


def test_nearly_every_packet_arrives(finished: dict[str, list[Line]]) -> None:
    for call, seconds in (("chest_pain", 37.4), ("price_and_card", 50.0)):
        [end] = ends_of(finished[call])
        assert min(end["packets_heard"].values()) > HEARD_SHARE * 50 * seconds, end


def test_two_calls_at_once_and_one_without_analysis(installation: Installation, tmp_path: Path) -> None:
    short = beginning("chest_pain", 13.0, tmp_path)
    two = SyntheticRun(installation, "chest_pain", "--calls", "2", calls=short)
    unheard = SyntheticRun(installation, "chest_pain", "--without-analysis", calls=short)
    try:
        (lines, said, status), (quiet, _, quiet_status) = two.finish(), unheard.finish()
    finally:
        two.stop()
        unheard.stop()
    assert (status, quiet_status) == (0, 0)
    assert "2 of 2 calls accounted for" in said
    assert_accounted_for(lines, calls=2)
    for call in (0, 1):
        first_cue([line for line in lines if line["call"] == call], "chest_pain")

    assert_accounted_for(quiet)
    assert (messages_of(quiet, "caption"), messages_of(quiet, "cue")) == ([], [])
    assert ends_of(quiet)[0]["outcome"]["total"] is None
    assert ends_of(quiet)[0]["outcome"]["reason"] == "patient_declined"


def refusal(run: SyntheticRun) -> str:
    """The one sentence with which it ends."""
    lines, said, status = run.finish()
    assert (lines, status) == ([], 1)
    [sentence] = said.strip().splitlines()
    return sentence


def test_a_wrong_token_is_one_clear_sentence(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("not-a-token\n")
    authority = str(installation.data_dir / "ca.pem")
    run = SyntheticRun(installation, "chest_pain", "--token-file", str(tmp_path / "token"), "--ca", authority)
    assert "does not accept this token" in refusal(run)


def test_an_unreachable_server_is_one_clear_sentence(installation: Installation) -> None:
    url = f"https://localhost:{free_port()}"
    assert f"{url} cannot be reached" in refusal(SyntheticRun(installation, "chest_pain", url=url))


def test_an_untrusted_server_is_one_clear_sentence(installation: Installation, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("not-a-token\n")
    assert "name its certificate authority with --ca" in refusal(
        SyntheticRun(installation, "chest_pain", "--token-file", str(token))
    )


def test_a_missing_token_file_is_one_clear_sentence(installation: Installation, tmp_path: Path) -> None:
    token = tmp_path / "token"
    run = SyntheticRun(installation, "chest_pain", "--token-file", str(token))
    assert f"{token}: No such file or directory" in refusal(run)
