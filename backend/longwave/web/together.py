"""Requests that come while others are being served, served together with the next ones."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from starlette.concurrency import run_in_threadpool

_log = logging.getLogger(__name__)
_Ask = TypeVar("_Ask")
_Answer = TypeVar("_Answer")


class Together(Generic[_Ask, _Answer]):
    """Serves requests of one kind in batches, one batch after the other.

    A request that comes alone is served at once. Those that come meanwhile wait, and are the next
    batch: it is the larger, the more there is to do. Each event loop has batches of its own.

    Parameters
    ----------
    serve
        Serves a batch, in a thread; returns an answer for each, or None for those that would
        make the others wait.
    alone
        Serves one that `serve` gave no answer to, or each one of a batch that failed; in a thread
        of its own, while the next batches go on.
    key
        Tells what a request is about; a batch holds one about each, and the others wait.
    most
        The largest batch.
    """

    def __init__(
        self,
        serve: Callable[[Sequence[_Ask]], Sequence[_Answer | None]],
        alone: Callable[[_Ask], _Answer],
        key: Callable[[_Ask], Hashable],
        most: int = 50,
    ) -> None:
        self._serve = serve
        self._alone = alone
        self._key = key
        self._most = most
        self._queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue[_Ask, _Answer]] = (
            WeakKeyDictionary()
        )

    async def ask(self, request: _Ask) -> _Answer:
        """Return the answer to a request, when its batch has been served."""
        loop = asyncio.get_running_loop()
        queue = self._queues.setdefault(loop, _Queue())
        answer: asyncio.Future[_Answer | None] = loop.create_future()
        queue.waiting.append((request, answer))
        if queue.server is None:
            queue.server = asyncio.create_task(self._serve_all(queue))
        found = await answer
        return await run_in_threadpool(self._alone, request) if found is None else found

    async def _serve_all(self, queue: _Queue[_Ask, _Answer]) -> None:
        try:
            while batch := queue.next_batch(self._key, self._most):
                answers = await run_in_threadpool(self._answers, [request for request, _ in batch])
                for (_, waiting), answer in zip(batch, answers, strict=True):
                    if not waiting.done():  # else whoever asked has gone
                        waiting.set_result(answer)
        finally:
            queue.server = None

    def _answers(self, requests: Sequence[_Ask]) -> Sequence[_Answer | None]:
        try:
            return self._serve(requests)
        except Exception:
            _log.warning("%d requests are served one by one", len(requests), exc_info=True)
            return [None] * len(requests)


class _Queue(Generic[_Ask, _Answer]):
    """What waits in one event loop, and the task that serves it; only that loop touches it."""

    def __init__(self) -> None:
        self.waiting: list[tuple[_Ask, asyncio.Future[_Answer | None]]] = []
        self.server: asyncio.Task[None] | None = None

    def next_batch(
        self, key: Callable[[_Ask], Hashable], most: int
    ) -> list[tuple[_Ask, asyncio.Future[_Answer | None]]]:
        batch: dict[Hashable, tuple[_Ask, asyncio.Future[_Answer | None]]] = {}
        left: list[tuple[_Ask, asyncio.Future[_Answer | None]]] = []
        for one in self.waiting:
            about = key(one[0])
            if len(batch) < most and about not in batch:
                batch[about] = one
            else:
                left.append(one)
        self.waiting = left
        return list(batch.values())
