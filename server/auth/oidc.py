"""OpenID Connect relying party: authorization code with PKCE, state and nonce.

The provider's keys and endpoints come from discovery. An ID token counts only after its signature, issuer, audience,
times and nonce were checked (OpenID Connect Core section 3.1.3.7).
"""

import asyncio
import secrets
import ssl
import time
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from server.errors import Problem
from server.settings import IdentitySettings

SIGNATURES = ["RS256", "PS256", "ES256", "EdDSA"]
"""Asymmetric only: with HS256 our own client secret could sign. `none` is never accepted (RFC 8725 section 3.1)."""

CLOCK_SKEW_SECONDS = 30
PROVIDER_SECONDS = 8.0
METADATA_SECONDS = 3600.0
"""Discovery and keys are fetched again after an hour."""

KEYS_AGAIN_SECONDS = 30.0
"""An unknown key id makes us fetch the keys again, at most this often: a forged token must not become a flood."""


class Metadata(Struct, frozen=True):
    """What we use of the discovery document (OpenID Connect Discovery 1.0 section 3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_itself: bool
    """The provider adds `iss` to its answer (RFC 9207), so a missing one is a mix-up."""


class Departure(Struct, frozen=True):
    """A browser is sent to `url`; the other three must come back or be kept for its return."""

    url: str
    state: str
    nonce: str
    code_verifier: str


class OpenIdProvider:
    """The configured provider. Methods raise Problem `provider-unreachable` or `sign-in-failed`."""

    def __init__(self, settings: IdentitySettings, redirect_uri: str) -> None:
        self._settings = settings
        self._redirect_uri = redirect_uri
        self._trust = ssl.create_default_context(cafile=settings.ca_file or None)
        self._fetching = asyncio.Lock()
        self._metadata: Metadata | None = None
        self._keys: KeySet | None = None
        self._fetched_at = 0.0

    @property
    def issuer(self) -> str:
        return self._settings.issuer

    async def depart(self) -> Departure:
        """Where to send the browser."""
        metadata, _ = await self._provider()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        return Departure(url, state, nonce, verifier)

    async def arrive(self, code: str, issuer: str | None, nonce: str, code_verifier: str) -> str:
        """Exchange the code; returns the verified subject. `issuer` is the `iss` of the answer, if any."""
        metadata, keys = await self._provider()
        if issuer not in ((self.issuer,) if metadata.names_itself else (self.issuer, None)):
            raise Problem("sign-in-failed", "Another sign-in service answered. Start again from the sign-in page.")
        try:
            async with self._client() as client:
                token = await client.fetch_token(
                    metadata.token_endpoint, code=code, code_verifier=code_verifier, grant_type="authorization_code"
                )
        except AuthlibBaseError as error:
            raise Problem("sign-in-failed") from error
        except (httpx2.HTTPError, ValueError) as error:
            raise Problem("provider-unreachable") from error
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise Problem("sign-in-failed")
        return await self._verify(id_token, keys, nonce)

    async def _verify(self, id_token: str, keys: KeySet, nonce: str) -> str:
        try:
            return verified_subject(id_token, keys, self.issuer, self._settings.client_id, nonce)
        except (JoseError, ValueError) as error:
            # The provider may have rotated its keys since we fetched them.
            if time.monotonic() - self._fetched_at < KEYS_AGAIN_SECONDS:
                raise Problem("sign-in-failed") from error
        _, keys = await self._provider(again=True)
        try:
            return verified_subject(id_token, keys, self.issuer, self._settings.client_id, nonce)
        except (JoseError, ValueError) as error:
            raise Problem("sign-in-failed") from error

    async def _provider(self, again: bool = False) -> tuple[Metadata, KeySet]:
        async with self._fetching:
            stale = time.monotonic() - self._fetched_at > METADATA_SECONDS
            if self._metadata is None or self._keys is None or stale or again:
                self._metadata, self._keys = await self._fetch()
                self._fetched_at = time.monotonic()
            return self._metadata, self._keys

    async def _fetch(self) -> tuple[Metadata, KeySet]:
        address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            async with httpx2.AsyncClient(verify=self._trust, timeout=PROVIDER_SECONDS) as client:
                found = (await client.get(address)).raise_for_status().json()
                # Discovery 1.0 section 4.3: the document must name the issuer it was asked for.
                if found["issuer"] != self.issuer:
                    raise Problem("provider-unreachable", "The sign-in service names another issuer than configured.")
                metadata = Metadata(
                    authorization_endpoint=found["authorization_endpoint"],
                    token_endpoint=found["token_endpoint"],
                    jwks_uri=found["jwks_uri"],
                    names_itself=found.get("authorization_response_iss_parameter_supported") is True,
                )
                keys = KeySet.import_key_set((await client.get(metadata.jwks_uri)).raise_for_status().json())
        except (httpx2.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            raise Problem("provider-unreachable") from error
        return metadata, keys

    def _client(self) -> Any:
        return AsyncOAuth2Client(
            client_id=self._settings.client_id,
            client_secret=self._settings.client_secret,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106  # the name of a method, no secret
            scope="openid profile email",
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            verify=self._trust,
            timeout=PROVIDER_SECONDS,
        )


def verified_subject(id_token: str, keys: KeySet, issuer: str, client_id: str, nonce: str) -> str:
    """The `sub` of a valid ID token. Raises JoseError or ValueError for every other."""
    claims = jwt.decode(id_token, keys, algorithms=SIGNATURES).claims
    jwt.JWTClaimsRegistry(
        leeway=CLOCK_SKEW_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate(claims)
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise ValueError("azp")
    return str(claims["sub"])
