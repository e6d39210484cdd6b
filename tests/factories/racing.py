"""Several things done at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

from longwave.domain.errors import LongwaveError


def at_once(*actions: Callable[[], object]) -> list[Exception | None]:
    """Run the actions in threads that start together; return what each raised, or None.

    Anything that is not meant for people to read fails the test.
    """
    barrier = threading.Barrier(len(actions))
    raised: list[Exception | None] = [None] * len(actions)

    def run(place: int, action: Callable[[], object]) -> None:
        barrier.wait()
        try:
            action()
        except Exception as error:
            raised[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    unexpected = [error for error in raised if error and not isinstance(error, LongwaveError)]
    assert unexpected == []
    return raised
