"""A certificate authority of a few lines, by the `openssl` program: certificates that are good, expired, revoked."""

from __future__ import annotations

import subprocess
from pathlib import Path

CONFIG = """
[ca]
default_ca = it
[it]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
crlnumber = {folder}/crlnumber
default_md = sha256
default_crl_days = 30
policy = any
copy_extensions = copy
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
unique_subject = no
[any]
commonName = supplied
"""


class Authority:
    """Signs certificates in its folder; `ca` is its own certificate, `crl` its list of revoked ones."""

    def __init__(self, folder: Path, program: str) -> None:
        self._folder, self._program = folder, program
        folder.mkdir()
        self.ca, self.crl = folder / "ca.pem", folder / "crl.pem"
        (folder / "ca.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "index.txt").touch()
        for name in ("serial", "crlnumber"):
            (folder / name).write_text("01\n")
        extensions = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign,cRLSign")
        self._run("req", "-x509", *self._new_key("ca"), "-subj", "/CN=plant authority", *extensions, "-out", self.ca)
        self.renew_crl()

    def issue(self, name: str, common_name: str, dates: tuple[str, str] | None = None) -> tuple[Path, Path]:
        """Certificate and key; `dates` as YYMMDDHHMMSSZ, else valid now."""
        request, certificate = self._folder / f"{name}.csr", self._folder / f"{name}.pem"
        names = ("-subj", f"/CN={common_name}", "-addext", f"subjectAltName=IP:127.0.0.1,DNS:{name}.plant")
        self._run("req", "-new", *self._new_key(name), *names, "-out", request)
        validity = ("-startdate", dates[0], "-enddate", dates[1]) if dates else ("-days", "30")
        self._ca("-batch", "-notext", *validity, "-in", request, "-out", certificate)
        return certificate, self._folder / f"{name}.key"

    def self_signed(self, name: str) -> tuple[Path, Path]:
        """A certificate that nobody else vouches for."""
        certificate = self._folder / f"{name}.pem"
        self._run("req", "-x509", *self._new_key(name), "-subj", f"/CN={name}", "-out", certificate)
        return certificate, self._folder / f"{name}.key"

    def revoke(self, certificate: Path) -> None:
        """Put it on the list."""
        self._ca("-revoke", certificate)
        self.renew_crl()

    def renew_crl(self) -> None:
        """Write the list of what is revoked up to now."""
        self._ca("-gencrl", "-out", self.crl)

    def _new_key(self, name: str) -> tuple[object, ...]:
        key = self._folder / f"{name}.key"
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key

    def _ca(self, *given: object) -> None:
        self._run("ca", "-config", self._folder / "ca.cnf", *given)

    def _run(self, *given: object) -> None:
        done = subprocess.run([self._program, *map(str, given)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
