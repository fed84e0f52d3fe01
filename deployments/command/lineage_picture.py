"""The family of a version as a picture: SVG that any browser opens, without a library."""

from __future__ import annotations

from html import escape
from typing import Any

WIDE, HIGH, GAP, ROW = 150, 44, 60, 70
COLOURS = {"development": "#e8e8e8", "staging": "#fff0c2", "production": "#cdebd0", "archived": "#dcdcf2"}


def drawn(found: dict[str, Any]) -> str:
    """Return the family of a version as SVG: parents to the left of their children, the version itself framed.

    found: what `tasks.catalogue.lineage_of` returns.
    """
    depth = _depths(found)
    rows: dict[int, int] = {}
    places = {}
    for version in sorted(depth, key=lambda one: (depth[one], int(one))):
        rows[depth[version]] = row = rows.get(depth[version], -1) + 1
        places[version] = (10 + depth[version] * (WIDE + GAP), 10 + row * ROW)
    width = max(x for x, _ in places.values()) + WIDE + 10
    height = max(y for _, y in places.values()) + HIGH + 10
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif">']
    for parent, child in found["edges"]:
        if parent in places and child in places:
            lines.append(_arrow(places[parent], places[child]))
    lines += [_box(version, found, place) for version, place in places.items()]
    return "\n".join([*lines, "</svg>\n"])


def _depths(found: dict[str, Any]) -> dict[str, int]:
    depth = {version: place for place, version in enumerate(reversed(found["chain"]))}
    parents = {child: parent for parent, child in found["edges"]}
    for version in sorted(found["descendants"], key=int):
        depth[version] = depth.get(parents[version], len(depth)) + 1
    return depth


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    x, y = start[0] + WIDE, start[1] + HIGH // 2
    return f'<path d="M{x} {y} L{end[0]} {end[1] + HIGH // 2}" stroke="#555" fill="none"/>'


def _box(version: str, found: dict[str, Any], place: tuple[int, int]) -> str:
    stage = found["stages"][version]
    frame = 3 if version == found["version"] else 1
    colour = COLOURS.get(stage, "#ffffff")
    text = f'<text x="{place[0] + 10}" y="{place[1] + 27}" font-size="14">{escape(version)}: {escape(stage)}</text>'
    box = f'<rect x="{place[0]}" y="{place[1]}" width="{WIDE}" height="{HIGH}" rx="6"'
    return f'{box} fill="{colour}" stroke="#333" stroke-width="{frame}"/>{text}'
