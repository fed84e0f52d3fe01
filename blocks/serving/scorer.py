"""One scoring request from rows to an answer: arm, model, breaker, journal, shadow."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from blocks.serving.handle import ImpossibleOutput
from blocks.serving.question import Question, described, entry_of
from blocks.serving.refusal import Refusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blocks.serving.batch import Batch
    from blocks.serving.breakers import Breakers
    from blocks.serving.handle import Features, ModelHandle
    from blocks.serving.journal import Entry
    from blocks.serving.metrics import Metrics
    from blocks.serving.recorder import Recorder
    from blocks.serving.shadow import Shadow
    from blocks.serving.table import Seat, Table

INLINE_ROWS = 256


@dataclass(frozen=True, slots=True)
class Reply:
    """The probabilities, and who gave them."""

    predictions: list[float]
    version: str
    role: str


@dataclass(slots=True)
class Scorer:
    """Answer questions by a table; a challenger that fails costs the client nothing but time."""

    recorder: Recorder
    shadow: Shadow
    breakers: Breakers
    metrics: Metrics
    deadline_s: float
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "slow-model"))

    async def answer(self, table: Table, question: Question) -> Reply:
        """Return the predictions of the key's arm, or of the next seat that can give them.

        Raises Refusal: 400 for rows that the champion's schema refuses, 503 when no version could answer.
        """
        failed: list[tuple[Seat, Exception, float]] = []
        for seat in self._candidates(table, question.key):
            start = time.perf_counter()
            try:
                values = await self._predict(seat, question.batch)
            except Refusal as wrong:
                if seat.version == table.champion.version:
                    # the champion's schema is the contract with clients: who breaks it is at fault, and no version is
                    raise
                failed.append((seat, wrong, start))
            except Exception as broken:  # noqa: BLE001  a model is foreign code: whatever it raises, the next one answers
                failed.append((seat, broken, start))
            else:
                spent, predictions = time.perf_counter() - start, values.tolist()
                entries = [self._failure(question, *failure) for failure in failed]
                entries.append(entry_of(question, seat, spent, output=predictions, served=True))
                await self.recorder.record(entries)
                self._settle(table, seat, question, entries)
                self.metrics.answered(seat.version, seat.role, 200, spent)
                return Reply(predictions, seat.version, seat.role)
        await self.recorder.record([self._failure(question, *failure) for failure in failed])
        tried = [{"version": seat.version, "role": seat.role} for seat, _, _ in failed]
        raise Refusal(503, "No version could answer.", {"tried": tried}, retry_after_s=1)

    def _candidates(self, table: Table, key: str) -> list[Seat]:
        chosen = table.seat_of(key)
        order = [chosen] if chosen is table.champion else [chosen, table.champion]
        if table.fallback is not None and table.fallback.version not in {seat.version for seat in order}:
            order.append(table.fallback)
        closed = [seat for seat in order if self.breakers.lets_through(seat.version)]
        return closed or [table.champion]

    async def _predict(self, seat: Seat, batch: Batch) -> NDArray[np.float64]:
        model, rows = seat.model, len(batch)
        features = model.schema.features(batch)
        start = time.perf_counter()
        if rows > INLINE_ROWS:
            return await self._predict_aside(model, features, rows)
        if model.is_quick:
            values = model.predict(features, rows)
        else:
            values = await self._predict_aside(model, features, rows)
        model.note_time(time.perf_counter() - start)
        return values

    async def _predict_aside(self, model: ModelHandle, features: Features, rows: int) -> NDArray[np.float64]:
        call = asyncio.get_running_loop().run_in_executor(self._pool, model.predict, features, rows)
        try:
            return await asyncio.wait_for(call, self.deadline_s)
        except TimeoutError:
            raise TimeoutError(f"no answer within {self.deadline_s:g} s") from None

    def _settle(self, table: Table, seat: Seat, question: Question, entries: list[Entry]) -> None:
        self.breakers.record(seat.version, failed=False)
        if len(table.seats) == 1:
            return
        tried = {entry.version for entry in entries}
        for other in table.others(seat):
            if other.version not in tried:
                self.shadow.put(other, question)

    def _failure(self, question: Question, seat: Seat, why: Exception, start: float) -> Entry:
        spent = time.perf_counter() - start
        self.breakers.record(seat.version, failed=True, impossible=isinstance(why, ImpossibleOutput))
        self.metrics.answered(seat.version, seat.role, 500, spent)
        return entry_of(question, seat, spent, error=described(why))
