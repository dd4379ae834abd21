"""A certificate authority of the tests, with what it signs: good ones, expired ones, for other names, for clients."""

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)
PEM = serialization.Encoding.PEM


class Authority:
    """Signs, into a folder that servers can read."""

    def __init__(self, folder: Path, name: str = "tests") -> None:
        self.folder, self.name = folder, f"authority of {name}"
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(self.name, self.name, self._key, 1).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.ca = folder / f"ca-{name}.pem"
        self.ca.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(PEM))

    def sign(self, file: str, *hosts: str, days: int = 1) -> tuple[Path, Path]:
        """Give the files of a certificate and its key. With days below 0 it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(hosts[0] if hosts else file, self.name, key, days)
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_name(host) for host in hosts]), critical=False
            )
        cert = self.folder / f"{file}.pem"
        cert.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(PEM))
        private = self.folder / f"{file}.key"
        private.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return cert, private


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 10 * DAY)
        .not_valid_after(now + days * DAY)
    )


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
