"""What the machine offers for breaking things: small disks, memory limits, network namespaces, false clocks.

Each either works, or raises `NotRun` with the reason; what was made is taken away again.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.scenario import NotRun, need

MIB = 1 << 20


def tried(*command: str) -> str:
    """Run a command; what went wrong, empty when nothing did."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"exit status {done.returncode}")[:200]


@contextmanager
def small_disk(folder: Path, mib: int = 32) -> Iterator[str]:
    """Mount a file system of so many MiB on a folder; says which kind: loop ext4, else tmpfs of a limited size."""
    need("mount", "umount")
    folder.mkdir(parents=True)
    image = folder.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(mib * MIB)
    reasons = tried("mkfs.ext4", "-q", "-F", "-m", "0", str(image)) or tried(
        "mount", "-o", "loop", str(image), str(folder)
    )
    kind = "ext4 on a loop device"
    if reasons:
        kind = "tmpfs"
        if refused := tried("mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)):
            raise NotRun(f"no small file system: loop device: {reasons}; tmpfs: {refused}")
    try:
        yield kind
    finally:
        tried("umount", "-l", str(folder))


@contextmanager
def memory_limit(limit_bytes: int, name: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """A program in front that may use so much memory, and which means enforces it: a cgroup, else an rlimit."""
    for root, limit, members in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "cgroup.procs"),
        (Path("/sys/fs/cgroup"), "memory.max", "cgroup.procs"),
    ):
        group = root / name
        try:
            group.mkdir()
            (group / limit).write_text(str(limit_bytes))
        except OSError:
            if group.is_dir():
                group.rmdir()
            continue
        try:
            yield ("sh", "-c", f'echo $$ > {group / members} && exec "$@"', "sh"), "cgroup"
        finally:
            group.rmdir()
        return
    need("prlimit")
    yield ("prlimit", f"--data={limit_bytes}"), "rlimit on data"


class Link:
    """A network namespace with one wire to here: 10.213.7.1 on this side, 10.213.7.2 inside."""

    here = "10.213.7.1"

    def __init__(self) -> None:
        self.namespace, self._wire = f"fw-chaos-{os.getpid()}", f"fwc{os.getpid()}"[:14]

    def __enter__(self) -> Link:
        need("ip")
        ns, wire = self.namespace, self._wire
        steps = (
            f"netns add {ns}",
            f"link add {wire} type veth peer name inside netns {ns}",
            f"address add {self.here}/30 dev {wire}",
            f"link set {wire} up",
            f"-n {ns} address add 10.213.7.2/30 dev inside",
            f"-n {ns} link set inside up",
            f"-n {ns} link set lo up",
        )
        for step in steps:
            if refused := tried("ip", *step.split()):
                self.__exit__()
                raise NotRun(f"no network namespace: ip {step}: {refused}")
        return self

    def __exit__(self, *_: object) -> None:
        tried("ip", "link", "delete", self._wire)
        tried("ip", "netns", "delete", self.namespace)

    @property
    def wrapper(self) -> tuple[str, ...]:
        """The program in front that runs another one inside."""
        return ("ip", "netns", "exec", self.namespace)

    def cut(self) -> None:
        """Pull the wire: packets vanish without a word."""
        tried("ip", "link", "set", self._wire, "down")

    def heal(self) -> None:
        """Put it back."""
        tried("ip", "link", "set", self._wire, "up")


class FalseClock:
    """A wall clock that can be set while a process runs, by libfaketime; the monotonic clock stays true."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        if not found:
            raise NotRun("libfaketime is not installed (Debian: apt-get install faketime)")
        self._library, self._file = found[0], folder / "clock"
        self.set(0)

    def set(self, offset_s: float) -> None:
        """From now on the wall clock is so far ahead (negative: behind)."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset_s:+.3f}\n")
        fresh.rename(self._file)

    @property
    def variables(self) -> dict[str, str]:
        """Environment of a process that shall believe it."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }
