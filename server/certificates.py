"""TLS for one machine: a local certificate authority and a certificate for this machine's own names.

The authority can vouch for nothing else: its name constraints (RFC 5280 section 4.2.1.10) permit localhost, loopback
addresses and this host's name, so that a person can trust it without handing over every site they visit.
In production the certificate comes from the administrator's own authority and nothing here runs.
"""

import datetime as dt
import ipaddress
import re
import socket
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from server.private_files import write_private

CA_LIFETIME = dt.timedelta(days=5 * 365)
LEAF_LIFETIME = dt.timedelta(days=90)
RENEW_BEFORE = dt.timedelta(days=30)
CLOCK_SKEW = dt.timedelta(hours=1)

LOOPBACK_ADDRESSES = ("127.0.0.1", "::1")
HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""RFC 1123 section 2.1, in lower case."""


class Certificates(Struct, frozen=True):
    """PEM files. `key` is PKCS#8, unencrypted, mode 0600. `new_authority`: people have to trust `authority` (again)."""

    authority: Path
    certificate: Path
    key: Path
    new_authority: bool


class _Pair(Struct, frozen=True):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure_certificates(folder: Path, now: dt.datetime, host_name: str | None = None) -> Certificates:
    """Make or renew what is missing or ends soon, in `folder`. Raises OSError when the folder cannot be written.

    The authority is kept until a leaf of full length no longer fits into its life; the leaf is renewed
    when less than 30 days are left. `now` is aware; `host_name` defaults to this machine's.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    host = (socket.gethostname() if host_name is None else host_name).lower()
    authority = _load(folder, "ca")
    new_authority = authority is None or not _covers(authority.certificate, now, LEAF_LIFETIME)
    if authority is None or new_authority:
        authority = _make_authority(host, now)
        _store(folder, "ca", authority)
    leaf = _load(folder, "server")
    if leaf is None or not _still_good(leaf, authority, host, now):
        _store(folder, "server", _make_leaf(authority, host, now))
    return Certificates(folder / "ca.pem", folder / "server.pem", folder / "server-key.pem", new_authority)


def _still_good(leaf: _Pair, authority: _Pair, host: str, now: dt.datetime) -> bool:
    certificate = leaf.certificate
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    wanted = _leaf_names(authority.certificate, host)
    return _covers(certificate, now, RENEW_BEFORE) and set(names) == set(wanted)


def _covers(certificate: x509.Certificate, now: dt.datetime, ahead: dt.timedelta) -> bool:
    """Valid now and for so long to come."""
    return certificate.not_valid_before_utc <= now and now + ahead <= certificate.not_valid_after_utc


def _make_authority(host: str, now: dt.datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ClinixCue local authority")])
    permitted: list[x509.GeneralName] = [x509.DNSName(dns) for dns in _dns_names(host)]
    permitted += [x509.IPAddress(ipaddress.ip_network(address)) for address in LOOPBACK_ADDRESSES]
    builder = (
        _builder(name, name, key.public_key(), key.public_key(), now, CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
    )
    return _Pair(builder.sign(key, hashes.SHA256()), key)


def _make_leaf(authority: _Pair, host: str, now: dt.datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ClinixCue on this machine")])
    issuer = authority.certificate.subject
    builder = (
        _builder(name, issuer, key.public_key(), authority.key.public_key(), now, LEAF_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_leaf_names(authority.certificate, host)), critical=False)
    )
    return _Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
    lifetime: dt.timedelta,
) -> x509.CertificateBuilder:
    """`lifetime` counts from the first valid second, which lies CLOCK_SKEW before `now`."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now - CLOCK_SKEW + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _key_usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _dns_names(host: str) -> list[str]:
    return ["localhost", host] if HOST_NAME.fullmatch(host) and host != "localhost" else ["localhost"]


def _leaf_names(authority: x509.Certificate, host: str) -> list[x509.GeneralName]:
    """This machine's names, as far as the authority may vouch for them: a host renamed later is left out."""
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = constraints.permitted_subtrees or []
    names = [x509.DNSName(dns) for dns in _dns_names(host) if x509.DNSName(dns) in permitted]
    return [*names, *(x509.IPAddress(ipaddress.ip_address(address)) for address in LOOPBACK_ADDRESSES)]


def _load(folder: Path, name: str) -> _Pair | None:
    try:
        certificate = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / f"{name}-key.pem").read_bytes(), None)
    except (OSError, ValueError):
        return None
    matches = isinstance(key, ec.EllipticCurvePrivateKey) and key.public_key() == certificate.public_key()
    return _Pair(certificate, key) if isinstance(key, ec.EllipticCurvePrivateKey) and matches else None


def _store(folder: Path, name: str, pair: _Pair) -> None:
    """The key first: a certificate without its key would be loaded as missing and made again."""
    key = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(folder / f"{name}-key.pem", key)
    write_private(folder / f"{name}.pem", pair.certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
