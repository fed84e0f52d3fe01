"""The arms that do not answer score the same rows, off the request path."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from blocks.serving.question import Question, described, entry_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from blocks.serving.breakers import Breakers
    from blocks.serving.journal import Entry
    from blocks.serving.metrics import Metrics
    from blocks.serving.recorder import Recorder
    from blocks.serving.table import Seat


class Shadow:
    """A bounded queue and one thread; what finds it full is dropped and counted, never waited for."""

    def __init__(self, recorder: Recorder, breakers: Breakers, metrics: Metrics, most: int) -> None:
        self._recorder = recorder
        self._breakers = breakers
        self._metrics = metrics
        self._queue: queue.Queue[tuple[Seat, Question]] = queue.Queue(most)

    def start(self) -> None:
        """Score in the background."""
        threading.Thread(target=self._run, name="shadow", daemon=True).start()

    def put(self, seat: Seat, question: Question) -> None:
        """Queue a request for one arm."""
        try:
            self._queue.put_nowait((seat, question))
        except queue.Full:
            self._metrics.shadow_dropped.inc()

    def drain(self, patience_s: float, clock: Callable[[], float] = time.monotonic) -> bool:
        """Wait until everything queued is scored and on record; returns False when patience ends first."""
        until = clock() + patience_s
        with self._queue.all_tasks_done:
            while self._queue.unfinished_tasks:
                left = until - clock()
                if left <= 0:
                    return False
                self._queue.all_tasks_done.wait(left)
        return True

    def _run(self) -> None:
        while True:
            seat, question = self._queue.get()
            try:
                self._recorder.note([self._score(seat, question)])
            finally:
                self._queue.task_done()

    def _score(self, seat: Seat, question: Question) -> Entry:
        batch, model = question.batch, seat.model
        output: list[float] | None = None
        error: str | None = None
        start = time.perf_counter()
        try:
            output = model.predict(model.schema.features(batch), len(batch)).tolist()
        except Exception as broken:  # noqa: BLE001  a model is foreign code: what it raises is evidence, not an end
            error = described(broken)
        spent = time.perf_counter() - start
        self._breakers.probe(seat.version, failed=error is not None)
        self._metrics.shadow.labels(seat.version, str(error is not None).lower()).inc()
        return entry_of(question, seat, spent, output=output, error=error)
