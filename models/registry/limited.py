"""Starts a program of somebody else under limits: `python -I -B -m forewarn.models.registry.limited CPU_S BYTES PROGRAM
ARGUMENT ...`. The program takes this one's place; the limits stay (see `confine`): no file may grow, no network where
the kernel allows to take it away.
"""

from __future__ import annotations

import os
import sys

from forewarn.models.registry.confine import cut_off, limit


def main(cpu_s: str, address_bytes: str, *command: str) -> None:
    """Limit yourself and become the program. No shell has a part in it."""
    cut_off(dies_with_parent=False)
    limit(int(cpu_s), int(address_bytes))
    os.execv(command[0], command)  # an absolute path and arguments from the settings


if __name__ == "__main__":
    main(*sys.argv[1:])
