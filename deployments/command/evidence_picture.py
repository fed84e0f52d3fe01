"""The picture of a judgement: evidence against its boundaries, share in force, anytime bounds. PNG or one HTML file."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tasks.judgement.judge import Judgement
    from tasks.judgement.rule import Rule

PROMOTE, HARM, MEAN = "#1b7837", "#b2182b", "#2166ac"


def drawable(paths: Iterable[Path]) -> None:
    """Refuse a picture whose name ends in neither .png nor .html, before anything is computed."""
    for path in paths:
        if path.suffix.lower() not in (".png", ".html"):
            raise BadInput("picture", f"{path} is neither a .png nor a .html file")


def draw(judgement: Judgement, rule: Rule, path: Path, title: str) -> None:
    """Write the picture of a judgement to a .png, or to an .html that needs nothing beside it."""
    figure = _figure(judgement, rule, title)
    if path.suffix.lower() == ".png":
        figure.savefig(path, dpi=120)
        return
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    svg = drawn.getvalue()
    path.write_text(_page(title, judgement, svg[svg.index("<svg") :]), encoding="utf-8")


def _page(title: str, judgement: Judgement, svg: str) -> str:
    look = judgement.look
    told = f"{judgement.verdict} ({judgement.reason})"
    rows = {"verdict": told, "looks": len(judgement.looks), "decided at look": judgement.night or "-"}
    if look:
        rows |= {"units": look.n, "mean difference": f"{look.S / look.n:+.5f}"}
        rows |= {"bounds": f"{look.lower:+.5f} to {look.upper:+.5f}", "coverage": f"{look.coverage:.1%}"}
    table = "".join(f"<tr><th>{name}</th><td>{html.escape(str(value))}</td></tr>" for name, value in rows.items())
    style = "body{font:15px sans-serif;max-width:960px;margin:2em auto}th{text-align:left;padding-right:2em}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{style}svg{{width:100%;height:auto}}</style><h1>{html.escape(title)}</h1><table>{table}</table>{svg}</html>\n"
    )


def _figure(judgement: Judgement, rule: Rule, title: str) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 9), layout="constrained")
    FigureCanvasAgg(figure)
    evidence, share, bounds = figure.subplots(3, 1, sharex=True, height_ratios=[3, 1, 2])
    figure.suptitle(f"{title}: {judgement.verdict}")
    n = [look.n for look in judgement.looks]
    _evidence(evidence, n, judgement, rule)
    share.step(n, [look.share for look in judgement.looks], where="pre", color="black")
    share.set(ylabel="share, %", ylim=(-5, 105))
    _bounds(bounds, n, judgement, rule)
    for axes in (evidence, share, bounds):
        if judgement.night and judgement.look:
            axes.axvline(judgement.look.n, color="grey", linewidth=1)
        axes.grid(alpha=0.3)
    return figure


def _evidence(axes: Axes, n: list[int], judgement: Judgement, rule: Rule) -> None:
    fail_at, pass_at = rule.levels
    floor = -2.0 * max(fail_at, pass_at)
    for name, colour in (("promote", PROMOTE), ("rollback", HARM)):
        path = [max(floor, getattr(look, f"log_e_{name}")) for look in judgement.looks]
        axes.plot(n, path, color=colour, label=f"log E, {name}")
    axes.axhline(pass_at, color=PROMOTE, linestyle="--", label="promote at log(1/beta)")
    axes.axhline(fail_at, color=HARM, linestyle="--", label="roll back at log(1/alpha)")
    for rung in range(1, len(rule.ladder)):
        axes.axhline(rung / len(rule.ladder) * pass_at, color=PROMOTE, linestyle=":", linewidth=0.8)
    axes.set(ylabel="log evidence", ylim=(floor, 3.0 * max(fail_at, pass_at)))
    axes.legend(loc="lower left", fontsize=8)


def _bounds(axes: Axes, n: list[int], judgement: Judgement, rule: Rule) -> None:
    axes.fill_between(
        n, [look.lower for look in judgement.looks], [look.upper for look in judgement.looks], color=MEAN, alpha=0.2
    )
    axes.plot(n, [look.S / look.n for look in judgement.looks], color=MEAN, label="mean difference in loss")
    axes.axhline(0.0, color="black", linewidth=0.8)
    axes.axhline(rule.margin, color=HARM, linestyle="--", label="margin")
    axes.set(xlabel="units", ylabel="challenger - champion", ylim=(-4 * rule.margin, 5 * rule.margin))
    axes.legend(loc="lower left", fontsize=8)
