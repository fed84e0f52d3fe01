"""The picture of a rehearsal: on which night every rule decided in every season, and for what."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tasks.rehearsal import calls_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {"PASS": "#1b7837", "FAIL": "#b2182b"}
MARKERS = "osD^v"


def figure_of(found: Sequence[Mapping[str, Any]]) -> Figure:
    """Return the figure: a row a season, a mark a rule at its night; grey at the end is no decision."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    figure = Figure(figsize=(9, 2.2 + 0.35 * len(found)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    rules = list(calls_of(found[0]))
    nights = [call["night"] for one in found for call in calls_of(one).values() if call["night"]]
    end = max(nights, default=1) * 1.05
    for row, one in enumerate(found):
        for place, call in enumerate(calls_of(one).values()):
            at, colour = call["night"] or end, COLOURS.get(call["verdict"], "grey")
            axes.plot(at, row + 0.12 * (place - len(rules) / 2), MARKERS[place % 5], color=colour, markersize=5)
    axes.set_yticks(range(len(found)), [str(one["season"]) for one in found])
    axes.set(xlabel="night of the decision (grey: none)", ylabel="season", xlim=(0, end * 1.03))
    axes.invert_yaxis()
    axes.grid(alpha=0.3)
    marks = [
        Line2D([], [], color="black", marker=MARKERS[k % 5], linestyle="", label=name) for k, name in enumerate(rules)
    ]
    verdicts = [Line2D([], [], color=colour, linewidth=4, label=verdict) for verdict, colour in COLOURS.items()]
    axes.legend(handles=[*marks, *verdicts], loc="upper center", bbox_to_anchor=(0.5, 1.0), ncol=4, fontsize=7)
    figure.suptitle(f"{found[0]['challenger']} against {found[0]['champion']}")
    return figure


def picture(found: Sequence[Mapping[str, Any]]) -> str:
    """Return the picture as SVG."""
    drawn = io.StringIO()
    figure_of(found).savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()
