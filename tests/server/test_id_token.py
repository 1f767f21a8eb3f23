"""What an ID token must be before its subject is believed (OpenID Connect Core section 3.1.3.7)."""

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey, RSAKey

from server.auth.oidc import verified_subject

ISSUER = "https://id.example"
CLIENT = "clinixcue"
NONCE = "n-0S6_WzA2Mj"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
KEYS = KeySet.import_key_set({"keys": [KEY.as_dict(private=False)]})


def token(key: Any = KEY, header: dict[str, Any] | None = None, **changed: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": "tom", "exp": now + 60, "iat": now, "nonce": NONCE, **changed}
    given = {name: value for name, value in claims.items() if value is not None}
    algorithm = header or {"alg": "RS256", "kid": "one"}
    return jwt.encode(algorithm, given, key, algorithms=[algorithm["alg"]])


def verify(id_token: str) -> str:
    return verified_subject(id_token, KEYS, ISSUER, CLIENT, NONCE)


def test_a_good_token_tells_its_subject() -> None:
    assert verify(token()) == "tom"
    assert verify(token(aud=[CLIENT])) == "tom"
    assert verify(token(aud=[CLIENT, "another"], azp=CLIENT)) == "tom"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"sub": None},
        {"sub": ""},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"iat": int(time.time()) + 600},
        {"iat": None},
        {"nonce": "of another sign-in"},
        {"nonce": None},
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises((JoseError, ValueError)):
        verify(token(**changed))


def test_a_token_of_another_key_is_refused() -> None:
    with pytest.raises((JoseError, ValueError)):
        verify(token(RSAKey.generate_key(2048, {"kid": "one"})))
    with pytest.raises((JoseError, ValueError)):
        verify(token(RSAKey.generate_key(2048, {"kid": "two"}), {"alg": "RS256", "kid": "two"}))


def test_a_token_signed_with_a_shared_secret_is_refused() -> None:
    """With HS256 accepted, whoever knows the public key (or our client secret) could sign."""
    shared = OctKey.import_key("a secret of thirty-two characters", {"kid": "one"})
    with pytest.raises((JoseError, ValueError)):
        verify(token(shared, {"alg": "HS256", "kid": "one"}))


def test_an_unsigned_token_is_refused() -> None:
    header = "eyJhbGciOiJub25lIn0"
    with pytest.raises((JoseError, ValueError)):
        verify(f"{header}.{token().split('.')[1]}.")
    with pytest.raises((JoseError, ValueError)):
        verify("not a token")
