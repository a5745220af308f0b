"""Checks passwords beside the event loop: a check costs time on purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

Verifier = Callable[[bytes], bool]


class Logins:
    """User names and how each one's password is checked, one check at a time."""

    def __init__(self, users: Mapping[str, Verifier]) -> None:
        self._users = users
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="password")

    async def is_right(self, user: str, password: bytes, is_wanted: Callable[[], bool]) -> bool:
        """Whether this is the user's password. Raises what the verifier raises.

        A stranger costs as much time as a wrong password, so that the answer does not tell which names exist; a
        client that gave up meanwhile (`is_wanted` False) costs none.
        """
        verifier = self._users.get(user)
        check = verifier or next(iter(self._users.values()), _nobody)

        def answer() -> bool:
            return is_wanted() and check(password)

        right = await asyncio.get_running_loop().run_in_executor(self._worker, answer)
        return right and verifier is not None

    def close(self) -> None:
        """Give up what is still waiting."""
        self._worker.shutdown(wait=False, cancel_futures=True)


def _nobody(password: bytes) -> bool:
    return False
