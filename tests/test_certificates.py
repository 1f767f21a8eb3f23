"""The local authority vouches for this machine, for nothing else, and certificates are renewed in time."""

import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509

from server.certificates import Certificates, ensure_certificates

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


def handshake(certificates: Certificates, name: str) -> str | None:
    """The TLS version that a client agrees on when it trusts the authority and expects `name`."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificates.certificate, certificates.key)
    client = ssl.create_default_context(cafile=str(certificates.authority))
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as connection:
            return connection.version()
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "desk-4.practice.example"])
def test_browsers_on_this_machine_accept_it(tmp_path: Path, name: str) -> None:
    certificates = ensure_certificates(tmp_path, NOW, "Desk-4.practice.example")
    assert handshake(certificates, name) == "TLSv1.3"


def test_another_name_is_refused(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path, NOW, "desk-4")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(certificates, "bank.example")


def test_authority_may_vouch_for_this_machine_only(tmp_path: Path) -> None:
    authority = x509.load_pem_x509_certificate(ensure_certificates(tmp_path, NOW, "desk-4").authority.read_bytes())
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert {str(name.value) for name in constraints.value.permitted_subtrees or []} == {
        "localhost", "desk-4", "127.0.0.1/32", "::1/128",
    }  # fmt: skip


@pytest.mark.parametrize("host", ["", "has space", "ümlaut", "a" * 300, "under_score"])
def test_odd_host_names_are_left_out(tmp_path: Path, host: str) -> None:
    assert handshake(ensure_certificates(tmp_path, NOW, host), "localhost") == "TLSv1.3"


def test_keys_are_private(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path, NOW, "desk-4")
    assert certificates.key.stat().st_mode & 0o177 == 0
    assert (tmp_path / "ca-key.pem").stat().st_mode & 0o177 == 0
    assert certificates.key.read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_kept_while_good_and_renewed_when_less_than_30_days_are_left(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, NOW, "desk-4")
    assert first.new_authority
    leaf, authority = first.certificate.read_bytes(), first.authority.read_bytes()
    assert not ensure_certificates(tmp_path, NOW + 59 * DAY, "desk-4").new_authority
    assert first.certificate.read_bytes() == leaf
    assert not ensure_certificates(tmp_path, NOW + 61 * DAY, "desk-4").new_authority
    assert first.certificate.read_bytes() != leaf
    assert first.authority.read_bytes() == authority


def test_the_leaf_never_outlives_the_authority(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, NOW, "desk-4")
    again = ensure_certificates(tmp_path, NOW + (5 * 365 - 30) * DAY, "desk-4")
    assert again.new_authority
    leaf, authority = (
        x509.load_pem_x509_certificate(path.read_bytes()) for path in (first.certificate, first.authority)
    )
    leaf.verify_directly_issued_by(authority)
    assert leaf.not_valid_after_utc <= authority.not_valid_after_utc
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= 90 * DAY


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem"])
def test_a_damaged_file_is_made_again(tmp_path: Path, name: str) -> None:
    ensure_certificates(tmp_path, NOW, "desk-4")
    (tmp_path / name).write_text("not a key")
    assert handshake(ensure_certificates(tmp_path, NOW, "desk-4"), "localhost") == "TLSv1.3"


def test_a_renamed_host_keeps_the_authority_people_trust(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, NOW, "desk-4")
    renamed = ensure_certificates(tmp_path, NOW, "desk-5")
    assert not renamed.new_authority
    assert handshake(renamed, "localhost") == "TLSv1.3"
