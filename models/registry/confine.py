"""What a process takes from itself before it touches a file that somebody else may have written. Linux.

Limits of the kernel (processor seconds, address space, no file may grow, no core file), an own network without any
device where the kernel allows it, and a hook of the interpreter that refuses sockets, programs and writing. None of it
needs to be root, and none of it can be undone by the process.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from dataclasses import dataclass

CLONE_NEWUSER, CLONE_NEWNET = 0x1000_0000, 0x4000_0000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

REFUSED = (
    "socket.",
    "subprocess.",
    "ctypes.",
    "shutil.",
    "pty.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.startfile",
    "os.kill",
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.setxattr",
    "os.putenv",
    "signal.pthread_kill",
)
"""Events (sys.audit) that begin so are refused after `confine`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one look at a file may cost: processor seconds and memory beyond what the libraries take, wall seconds in
    all. The wall is far because a busy machine is slow; the processor's seconds are what stops a loop.

    >>> Limits().memory_bytes // 2**20
    512
    """

    cpu_s: int = 20
    memory_bytes: int = 512 * 2**20
    wall_s: float = 180.0

    def __post_init__(self) -> None:
        if self.cpu_s < 1 or self.memory_bytes < 2**20 or not self.wall_s > 0:
            raise ValueError("at least one second of processor, 1 MiB of memory and some time are needed")


def cut_off(dies_with_parent: bool = True) -> bool:
    """No network from here on: an own, empty one; True when the kernel allowed it. Call it before threads are started.

    Where it does not (containers often forbid it), `confine` still refuses sockets to Python code.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if dies_with_parent:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return any(libc.unshare(flags) == 0 for flags in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET))


def limit(cpu_s: int, address_bytes: int) -> None:
    """Limits of the kernel for this process and what it starts: processor seconds in all, address space, no files.

    A limit that stands lower already stays.
    """
    for what, wanted in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, address_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(what)
        value = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(what, (value, value))


def confine(limits: Limits) -> None:
    """From here on: so many processor seconds and bytes more, no sockets, no programs, no writing but to open pipes.

    Everything that will be needed has been imported before.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit(int(used.ru_utime + used.ru_stime) + 1 + limits.cpu_s, _address_bytes() + limits.memory_bytes)
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith(REFUSED):
        raise PermissionError(f"{event} is not allowed to a process that reads models")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
        raise PermissionError("files can only be read here")


def _address_bytes() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123 # pathlib would be one more thing to import
        return int(file.read().split()[0]) * resource.getpagesize()
