"""A receipt that is not complete, or not there, is an alert; and none can be changed or put in another's place."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx2
import msgspec
from structlog.testing import capture_logs

from rtc.messages import NOT_CONNECTED, Done, Refusal, Scorecard
from rtc.receipts import is_sealed
from server.demo import RIVERSIDE
from server.logs import KEYS
from server.scores.receipts import ReceiptWatch
from tests.server.test_row_level_security import open_database
from tests.support.fake_media import FakeMedia, a_receipt, an_outcome
from tests.support.installation import Installation
from tests.support.signalling import answered_call, scored


async def alerts(client: httpx2.AsyncClient) -> dict[str, dict[str, Any]]:
    answer = await client.get("/api/practice/purge-alerts")
    assert answer.status_code == 200, answer.text
    return {item["call_id"]: item for item in answer.json()["items"]}


async def test_an_incomplete_receipt_is_an_alert_in_the_log_and_for_the_manager(
    installation: Installation, media: FakeMedia, maria: httpx2.AsyncClient
) -> None:
    whole, partly = [await answered_call(installation, "tom.agent") for _ in range(2)]
    await media.report(an_outcome(whole.call_id, str(RIVERSIDE.id), scored()))
    await media.report(an_outcome(partly.call_id, str(RIVERSIDE.id), scored(), complete=False))
    found = await alerts(maria)
    assert whole.call_id not in found
    assert found[partly.call_id]["reason"] == "incomplete"
    evaluation = (await maria.get(f"/api/evaluations/{found[partly.call_id]['evaluation_id']}")).json()
    assert evaluation["call_id"] == partly.call_id
    assert not evaluation["receipt"]["complete"]


async def test_a_receipt_that_never_came_is_missing_once_it_could_have(
    installation: Installation, media: FakeMedia, maria: httpx2.AsyncClient
) -> None:
    call = await answered_call(installation, "tom.agent")
    await media.tell(call.call_id, "patient", "ended")
    await media.until_hung_up(call.call_id)
    assert call.call_id not in await alerts(maria), "it may be on its way"
    async with installation.rows(RIVERSIDE.id) as rows:
        past = datetime.now(UTC) - timedelta(minutes=5)
        await rows.execute("UPDATE call SET ended_at = $1 WHERE id = $2", past, UUID(call.call_id))
    found = (await alerts(maria))[call.call_id]
    assert (found["reason"], found["evaluation_id"]) == ("missing", None)


async def test_whoever_watches_the_log_is_told(installation: Installation, media: FakeMedia) -> None:
    here, gone = [await answered_call(installation, "tom.agent") for _ in range(2)]
    await media.report(an_outcome(here.call_id, str(RIVERSIDE.id), scored()))
    database = await open_database(installation)
    watch = ReceiptWatch(database, seconds=0.0)
    with capture_logs() as logged:
        for call in (here, gone):
            await watch._look(RIVERSIDE.id, UUID(call.call_id))
    await database.close()
    [line] = logged
    assert (line["event"], line["call_id"], line["reason"]) == ("no complete purge receipt", gone.call_id, "missing")
    assert line.keys() <= KEYS | {"log_level"}


async def test_a_receipt_of_another_call_or_with_another_figure_is_refused(
    installation: Installation, media: FakeMedia
) -> None:
    call = await answered_call(installation, "tom.agent")
    outcome = an_outcome(call.call_id, str(RIVERSIDE.id), scored())
    other = a_receipt("11111111-1111-4111-8111-111111111111")
    for receipt in (other, msgspec.structs.replace(outcome.receipt, frames_wiped=17)):
        reply = await media.report(msgspec.structs.replace(outcome, receipt=receipt))
        assert isinstance(reply, Refusal)
        assert reply.code == "malformed_request"
    assert await media.report(outcome) == Done()


async def test_a_call_that_never_connected_has_a_receipt_and_no_evaluation(
    installation: Installation, media: FakeMedia
) -> None:
    call = await answered_call(installation, "tom.agent")
    card = Scorecard(None, NOT_CONNECTED, 0.0, [], [])
    assert await media.report(an_outcome(call.call_id, str(RIVERSIDE.id), card)) == Done()
    async with installation.rows(RIVERSIDE.id) as rows:
        for table, count in (("purge_receipt", 1), ("evaluation", 0)):
            query = f"SELECT count(*) FROM {table} WHERE call_id = $1"  # noqa: S608  # names above
            assert await rows.fetchval(query, UUID(call.call_id)) == count


async def test_a_receipt_from_before_the_whole_was_stored_claims_nothing_more(
    installation: Installation, media: FakeMedia, tom: httpx2.AsyncClient
) -> None:
    call = await answered_call(installation, "tom.agent")
    await media.report(an_outcome(call.call_id, str(RIVERSIDE.id), scored()))
    async with installation.rows(RIVERSIDE.id) as rows:
        sql = "UPDATE purge_receipt SET document = '', hash = '' WHERE call_id = $1"
        await rows.execute(sql, UUID(call.call_id))
    receipt = (await tom.get(f"/api/calls/{call.call_id}/outcome")).json()["receipt"]
    assert (receipt["frames_in"], receipt["complete"], receipt["wipe_ms"], receipt["hash"]) == (3000, True, None, "")
    assert [one["state"] for one in receipt["confinement"]] == ["unproven", "unproven"]


def test_the_hash_can_be_made_again_with_common_tools() -> None:
    """Sorted keys, no white space: what `jq -cjS 'del(.hash)'` prints."""
    receipt = a_receipt("call")
    fields = msgspec.to_builtins(receipt)
    del fields["hash"]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert sha256(text.encode()).hexdigest() == receipt.hash
    assert is_sealed(receipt)
