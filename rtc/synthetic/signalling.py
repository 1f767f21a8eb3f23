"""The public HTTP interface as a caller and an agent use it. The agent is the monitoring service account."""

import ssl
from typing import Any

import httpx2 as httpx


class SignallingError(Exception):
    """The server refused. The text is its problem detail (RFC 9457)."""


class Signalling:
    """Owner: one run of `synthetic-call`. `token` is the monitoring service account's bearer token."""

    def __init__(self, url: str, token: str, ca_file: str | None) -> None:
        verify = ssl.create_default_context(cafile=ca_file)
        self._url = url
        self._anyone = httpx.AsyncClient(base_url=url, verify=verify, timeout=15.0)
        self._monitor = httpx.AsyncClient(
            base_url=url, verify=verify, timeout=15.0, headers={"Authorization": f"Bearer {token}"}
        )

    async def monitoring_link(self) -> str:
        return str((await self._ask(self._monitor, "GET", "/api/monitor"))["link"])

    async def place(self, link: str, analyse: bool) -> tuple[str, str]:
        """Call id and the caller's token."""
        placed = await self._ask(self._anyone, "POST", f"/api/lines/{link}/calls", {"analyse": analyse})
        return str(placed["call_id"]), str(placed["token"])

    async def patient_leg(self, call_id: str, token: str, sdp: str) -> str:
        headers = {"X-Call-Token": token}
        answer = await self._ask(self._anyone, "POST", f"/api/calls/{call_id}/patient-leg", {"sdp": sdp}, headers)
        return str(answer["sdp"])

    async def answer(self, call_id: str, sdp: str) -> str:
        return str((await self._ask(self._monitor, "POST", f"/api/calls/{call_id}/answer", {"sdp": sdp}))["sdp"])

    async def patient_hang_up(self, call_id: str, token: str) -> None:
        headers = {"X-Call-Token": token}
        await self._ask(self._anyone, "POST", f"/api/calls/{call_id}/patient-hang-up", None, headers)

    async def outcome(self, call_id: str) -> dict[str, Any] | None:
        """The stored evaluation with its purge receipt, None while there is none."""
        response = await self._monitor.get(f"/api/calls/{call_id}/outcome")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        return self._read(response)

    async def _ask(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        try:
            return self._read(await client.request(method, path, json=body, headers=headers))
        except httpx.ConnectError as error:
            raise SignallingError(self._unreachable(str(error))) from error
        except httpx.HTTPError as error:
            raise SignallingError(f"{self._url}{path}: {type(error).__name__} {error}".strip()) from error

    def _unreachable(self, reason: str) -> str:
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            return f"the certificate of {self._url} is not trusted: name its certificate authority with --ca"
        return f"{self._url} cannot be reached ({reason}): check the address, and that the server runs"

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise SignallingError(f"{self._url} does not accept this token: name its monitor's file with --token-file")
        if response.is_error:
            try:
                problem = response.json()
            except ValueError:
                problem = {}
            raise SignallingError(str(problem.get("detail") or f"the server answered {response.status_code}"))
        return dict(response.json()) if response.content else {}

    async def close(self) -> None:
        await self._anyone.aclose()
        await self._monitor.aclose()
