"""Versions as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.command import output

SHOWN_APART = {"metrics", "parameters", "signature"}


def page(found: dict[str, Any]) -> str:
    """Return everything of a version as lines for a person."""
    first = [f"{found['model']} version {found['version']}: {found['stage']}"]
    first += [f"aliases: {', '.join(found['aliases'])}"] if found["aliases"] else []
    first += [f"description: {found['description']}"] if found["description"] else []
    first += [f"registered: {found['created'][:19]}", f"lineage: {' <- '.join(found['lineage'])}"]
    tags = [{"tag": name, "value": value} for name, value in sorted(found["tags"].items()) if name not in SHOWN_APART]
    parts = [
        {"part": part, "name": name, "value": value}
        for part in sorted(SHOWN_APART)
        for name, value in found[part].items()
    ]
    return "\n".join(
        [*first, "", output.table(parts, ("part", "name", "value")), "", output.table(tags, ("tag", "value"))]
    )


def side_by_side(found: dict[str, Any]) -> str:
    """Return two versions as a table, with what changed from the first to the second."""
    rows = []
    for part in ("metrics", "parameters", "schema", "data"):
        for name, pair in found[part].items():
            relative = pair.get("relative")
            change = f"{pair['absolute']:+.4g}" if pair.get("absolute") is not None else ""
            change += f" ({relative:+.1%})" if relative is not None else ""
            differs = "differs" if pair.get("same") is False else ""
            rows.append({"part": part, "name": name, **pair, "change": change or differs})
    for side in (found["calibration"] or {}).get("first", {}):
        one, other = (found["calibration"][which][side] for which in ("first", "second"))
        rows.append(
            {
                "part": "calibration",
                "name": side,
                "first": f"{one:.4f}",
                "second": f"{other:.4f}",
                "change": f"{other - one:+.4f}",
            }
        )
    count = found["calibration"]["rows"] if found["calibration"] else 0
    told = (
        f"calibration on the same {count} rows"
        if count
        else "no rows to compare the calibration on: name some with --rows"
    )
    return "\n".join([output.table(rows, ("part", "name", "first", "second", "change"), width=40), told])


def verdict(row: Mapping[str, Any]) -> str:
    """Return one line on whether the files of a version are those of its registration."""
    if row["intact"]:
        return f"version {row['version']}: intact, {row['found']}"
    if row["recorded"] is None:
        return f"version {row['version']}: it was registered without a digest; nobody can say"
    changed = ", ".join(row["changed"]) or "its list of files"
    return f"version {row['version']}: CHANGED since its registration: {changed}"
