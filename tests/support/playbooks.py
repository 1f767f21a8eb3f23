"""A playbook small enough to be read at a glance, cases for it, and a manager's way to publish it."""

import json
from typing import Any

import httpx2

SMALL = """\
name: small
title: Small
version: 1
language: en
country: GB
emergency_number: "999"
min_duration_s: 20
min_coverage: 0.5
conditions:
  chest: {leg: patient, phrases: ["chest pain"]}
  greeted: {leg: agent, on: final, phrases: ["good morning"]}
triggers:
  chest_pain: {lane: safety, conditions: [chest], title: Chest pain, say: "Please ring 999 now."}
criteria:
  greeting: {label: Greets, weight: 100, met_by: [greeted]}
flags:
  rude: {severity: minor, about: conduct, raised_by: [greeted]}
"""


def sentence(case_id: str, text: str, *expect: str, speaker: str = "patient") -> str:
    return json.dumps({"id": case_id, "speaker": speaker, "text": text, "expect": expect, "not": []}) + "\n"


GOOD_CASES = sentence("a", "I have chest pain.", "chest_pain") + sentence("b", "A repeat prescription, please.")
MISSED = sentence("c", "There is an elephant on my ribs.", "chest_pain")


async def begin(manager: httpx2.AsyncClient, **new: str) -> dict[str, Any]:
    answered = await manager.post("/api/playbooks", json=new)
    assert answered.status_code == 201, answered.text
    return dict(answered.json())


async def save(
    manager: httpx2.AsyncClient, playbook: dict[str, Any], source: str, cases: str = "", starter_cases: bool = False
) -> dict[str, Any]:
    """The draft that `playbook` shows, replaced."""
    text = {"source": source, "cases": cases, "starter_cases": starter_cases, "revision": playbook["draft"]["revision"]}
    answered = await manager.put(f"/api/playbooks/{playbook['id']}/draft", json=text)
    assert answered.status_code == 200, answered.text
    return dict(answered.json())


async def publish(manager: httpx2.AsyncClient, playbook: dict[str, Any]) -> httpx2.Response:
    return await manager.post(
        f"/api/playbooks/{playbook['id']}/publish", json={"revision": playbook["draft"]["revision"]}
    )


async def published(manager: httpx2.AsyncClient, source: str = SMALL, cases: str = GOOD_CASES) -> dict[str, Any]:
    """A new playbook with one version."""
    playbook = await save(manager, await begin(manager, source=source), source, cases)
    answered = await publish(manager, playbook)
    assert answered.status_code == 201, answered.text
    return dict(answered.json())
