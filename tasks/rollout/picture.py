"""The evidence of a rollout against its boundaries, as a small picture that a page of markdown can carry by itself."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from tasks.rollout.look import Curve

WIDTH, HEIGHT, LEFT, EDGE = 640, 240, 44, 14
PROMOTE, HARM, GREY = "#1b7837", "#b2182b", "#8a8a8a"
DASHES = ("", "6 3", "2 3", "8 3 2 3")


def svg(curves: Sequence[Curve], levels: tuple[float, float], rungs: int) -> str:
    """Return the picture as SVG: log evidence over games, a line a challenger, with both boundaries and the rungs.

    levels: log(1/alpha) and log(1/beta), each shared among the challengers; rungs: steps of the ladder. Values beyond
    the picture are drawn at its edge.

    >>> svg([Curve("2", (8, 15), (0.4, 1.1), (-0.3, -0.9))], (2.3, 3.0), 3)[:4]
    '<svg'
    """
    fail_at, pass_at = levels
    top, low = 1.25 * max(levels), -0.75 * max(levels)
    games = max([1, *(n for curve in curves for n in curve.games)])

    def x(n: float) -> float:
        return LEFT + (WIDTH - LEFT - EDGE) * n / games

    def y(value: float) -> float:
        return EDGE + (HEIGHT - 2 * EDGE - 12) * (top - min(top, max(low, value))) / (top - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="11"><rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    ]
    for rung in range(1, rungs):
        parts.append(_level(y(rung / rungs * pass_at), GREY, "", "1 4"))
    parts += [
        _level(y(0), GREY, "0", ""),
        _level(y(pass_at), PROMOTE, f"promote {pass_at:.2f}", "5 3"),
        _level(y(fail_at), HARM, f"roll back {fail_at:.2f}", "5 3"),
    ]
    for number, curve in enumerate(curves):
        for colour, values in ((PROMOTE, curve.promote), (HARM, curve.rollback)):
            points = " ".join(
                f"{x(n):.1f},{y(value):.1f}" for n, value in zip((0, *curve.games), (0, *values), strict=True)
            )
            dashes = DASHES[number % len(DASHES)]
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" '
                f'stroke-dasharray="{dashes}"/>'
            )
            parts.append(f'<text x="{x(games) - 30:.0f}" y="{y((0, *values)[-1]) - 4:.0f}">v{curve.version}</text>')
    parts.append(f'<text x="{WIDTH - EDGE}" y="{HEIGHT - 4}" text-anchor="end">{games} games</text></svg>')
    return "".join(parts)


def _level(at: float, colour: str, named: str, dashes: str) -> str:
    line = f'<line x1="{LEFT}" x2="{WIDTH - EDGE}" y1="{at:.1f}" y2="{at:.1f}" stroke="{colour}" '
    text = f'<text x="{LEFT + 4}" y="{at - 3:.1f}" fill="{colour}">{named}</text>' if named else ""
    return f'{line}stroke-dasharray="{dashes}"/>{text}'


def markdown_image(drawn: str, told: str) -> str:
    """Return an SVG as an image of markdown that needs no file beside it; `told` stands where images are not shown."""
    return f"![{told}](data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode()})"
