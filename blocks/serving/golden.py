"""A version that is loaded must give its golden rows the scores that it gave them at registration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.catalogue.golden import PLACE, SAME, golden_from_text
from blocks.catalogue.twin import agreement_from
from blocks.errors import Refused
from blocks.serving.batch import Batch

if TYPE_CHECKING:
    from blocks.serving.schema import Schema


def must_give_its_golden_scores(folder: Path, schema: Schema, predict: Callable[[Any, int], np.ndarray]) -> None:
    """Raise Refused where a loaded version, or its twin, answers otherwise than at its registration.

    A version that was registered without golden rows passes, and so do rows that no request could hold.
    """
    place = folder / PLACE
    if not place.is_file():
        return
    kept = golden_from_text(place.read_text(encoding="utf-8"))
    whole = [n for n, row in enumerate(kept.rows) if None not in row and n < len(kept.scores)]
    if not whole:
        return
    columns = tuple(column.name for column in schema.columns)
    batch = Batch(kept.columns or columns, [list(kept.rows[n]) for n in whole])
    gaps = np.abs(predict(schema.features(batch), len(whole)) - np.array([kept.scores[n] for n in whole]))
    agreed = agreement_from(folder)
    tolerance = agreed.tolerance if agreed is not None and agreed.kept else SAME
    if not (gaps <= tolerance).all():
        row = whole[int(np.argmax(gaps))]
        said = f"It gives golden row {row} a score {np.max(gaps):.2g} away from its registration's."
        raise Refused(said, "Compare the versions of its libraries here and in its requirements.txt.")
