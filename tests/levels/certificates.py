"""An authority and certificates of its own for a tour: made by openssl when they are needed, and thrown away after."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates for 127.0.0.1.

    >>> Authority(folder).issue("huzhou").certificate  # doctest: +SKIP
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        _openssl("req", "-x509", "-subj", "/CN=tour", "-days", "2", *_fresh(self._key), "-out", str(self.certificate))

    def issue(self, name: str) -> Certificate:
        """A certificate for a server or client of this name, on this machine."""
        made = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request, more = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        more.write_text("subjectAltName = IP:127.0.0.1, DNS:localhost\n")
        _openssl("req", "-subj", f"/CN={name}", *_fresh(made.key), "-out", str(request))
        signed = ["-CA", str(self.certificate), "-CAkey", str(self._key), "-CAcreateserial", "-days", "2"]
        _openssl("x509", "-req", "-in", str(request), *signed, "-extfile", str(more), "-out", str(made.certificate))
        made.key.chmod(0o644)  # the broker may run as another user
        return made


def _fresh(key: Path) -> list[str]:
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key)]


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def listener(port: int, authority: Authority, own: Certificate) -> dict[str, str]:
    """RabbitMQ's settings for a TLS listener that takes clients of this authority's only."""
    return {
        "listeners.ssl.1": f"127.0.0.1:{port}",
        "ssl_options.cacertfile": str(authority.certificate),
        "ssl_options.certfile": str(own.certificate),
        "ssl_options.keyfile": str(own.key),
        "ssl_options.verify": "verify_peer",
        "ssl_options.fail_if_no_peer_cert": "true",
    }
