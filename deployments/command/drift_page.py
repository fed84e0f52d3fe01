"""The drift report as one HTML page that needs nothing else: a small picture a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tasks.drift.columns import read

if TYPE_CHECKING:
    import pandas as pd

    from tasks.drift.profile import ColumnProfile, Profile
    from tasks.drift.report import ColumnReport, Report

WIDTH, HEIGHT, MOST_BARS = 260, 110, 12
STYLE = """body{font:14px/1.4 system-ui,sans-serif;margin:24px;color:#1c1c1c}
.all{display:grid;grid-template-columns:repeat(auto-fill,minmax(280px,1fr));gap:14px}
.one{border:1px solid #d6d6d6;border-radius:6px;padding:10px}.moved{border-color:#b3261e;border-width:2px}
h2{font-size:14px;margin:0 0 6px}p{margin:6px 0 0;font-size:12px;color:#444}svg{width:100%;height:auto}
.r{stroke:#7a7a7a;fill:#b8b8b8}.c{stroke:#0b57d0;fill:#7fa9ea}.l{fill:none;stroke-width:1.8}"""


def write_page(path: Path, report: Report, reference: Profile, current: pd.DataFrame) -> None:
    """Write the page; columns that drifted come first."""
    order = sorted(report.columns.values(), key=lambda column: not column.drift)
    cards = "\n".join(_card(column, reference.columns.get(column.name), current) for column in order)
    said = ", ".join(report.drifted) or "none"
    head = f"{report.rows_current} rows against {report.rows_reference}; drifted: {escape(said)}"
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Drift</title><style>{STYLE}</style>'
        f'<h1>Drift</h1><p>{head}. Grey: reference. Blue: current.</p><div class="all">{cards}</div></html>\n',
        encoding="utf-8",
    )


def _card(column: ColumnReport, reference: ColumnProfile | None, current: pd.DataFrame) -> str:
    picture = "" if reference is None or column.kind == "uncomputed" else _picture(column, reference, current)
    mark, note = (" moved", " — drift") if column.drift else ("", "")
    return (
        f'<div class="one{mark}"><h2>{escape(column.name)} <small>{column.kind}{note}</small></h2>'
        f"{picture}<p>{escape(column.why)}</p></div>"
    )


def _picture(column: ColumnReport, reference: ColumnProfile, current: pd.DataFrame) -> str:
    found = read(current[column.name], reference.kind)
    if column.kind == "numeric":
        return _curves(reference.sample, found.values)
    levels: Mapping[str | float, int] = found.levels
    if reference.kind == "numeric":
        values, counts = np.unique(found.values, return_counts=True)
        levels = {float(value): int(count) for value, count in zip(values, counts, strict=True)}
    return _bars(reference.levels or {}, levels)


def _curves(reference: np.ndarray, current: np.ndarray) -> str:
    """Draw both distribution functions between the 0.5 % and 99.5 % quantiles of the two together."""
    finite = [side[np.isfinite(side)] for side in (reference, current)]
    ends = np.array([np.quantile(side, [0.005, 0.995]) for side in finite if side.size])
    if not ends.size:
        return ""
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    grid = np.linspace(low, high if high > low else low + 1.0, 80)
    lines = []
    for name, side in (("r", reference), ("c", current)):
        heights = np.searchsorted(side, grid, side="right") / side.size
        points = " ".join(
            f"{x:.1f},{y:.1f}"
            for x, y in zip(np.linspace(0, WIDTH, grid.size), HEIGHT - 14 - heights * (HEIGHT - 18), strict=True)
        )
        lines.append(f'<polyline class="l {name}" style="fill:none" points="{points}"/>')
    return _svg([*lines, _label(0, "start", f"{low:.4g}"), _label(WIDTH, "end", f"{high:.4g}")])


def _bars(reference: Mapping[str | float, int], current: Mapping[str | float, int]) -> str:
    """Draw the shares of the commonest levels side by side."""
    sizes = [max(1, sum(side.values())) for side in (reference, current)]
    union = list(dict.fromkeys([*reference, *current]))
    common = sorted(union, key=lambda level: -max(reference.get(level, 0) / sizes[0], current.get(level, 0) / sizes[1]))
    shown = [level for level in union if level in common[:MOST_BARS]]
    step, parts = WIDTH / max(1, len(shown)), []
    for place, level in enumerate(shown):
        for offset, (name, side, size) in enumerate((("r", reference, sizes[0]), ("c", current, sizes[1]))):
            tall = side.get(level, 0) / size * (HEIGHT - 18)
            x = step * place + step * (0.1 + 0.4 * offset)
            parts.append(
                f'<rect class="{name}" x="{x:.1f}" y="{HEIGHT - 14 - tall:.1f}" width="{step * 0.38:.1f}" '
                f'height="{tall:.1f}"/>'
            )
        parts.append(_label(step * (place + 0.5), "middle", f"{level:g}" if isinstance(level, float) else level[:9]))
    return _svg(parts)


def _label(x: float, anchor: str, text: str) -> str:
    return f'<text x="{x:.1f}" y="{HEIGHT - 2}" font-size="10" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'
