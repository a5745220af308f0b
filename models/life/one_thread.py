"""Learners with one thread each: on a machine that does other things too, threads that wait for one another spin."""

from __future__ import annotations

from contextlib import AbstractContextManager


def one_thread() -> AbstractContextManager[object]:
    """While it holds, BLAS and OpenMP of this process use one thread. Its last use sets them as they were.

    >>> with one_thread():
    ...     pass
    """
    import scipy.linalg  # noqa: F401
    import sklearn.ensemble  # noqa: F401 # libraries are limited that are there already
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits
