"""The picture of the evidence: it is drawn from what was seen, and a page of markdown carries it whole."""

from __future__ import annotations

import base64
import re
from xml.etree import ElementTree

from building_rollouts import after, go, plan

from tasks.rollout.look import Curve, Look
from tasks.rollout.picture import markdown_image, svg
from tasks.rollout.stage import EventType
from tasks.rollout.verdict import Verdict
from tasks.rollout_page import needs, page

CURVE = Curve("2", (8, 15, 22), (0.4, 1.1, 2.0), (-0.3, -0.9, -1.6))
LEVELS = (2.3, 3.0)
SVG = "{http://www.w3.org/2000/svg}"


def heights(drawn: str) -> list[list[float]]:
    lines = ElementTree.fromstring(drawn).iter(f"{SVG}polyline")
    return [[float(point.split(",")[1]) for point in line.attrib["points"].split()] for line in lines]


def test_each_challenger_has_a_line_for_promotion_and_one_for_harm() -> None:
    up, down = heights(svg([CURVE], LEVELS, 3))
    assert up == sorted(up, reverse=True)
    assert down == sorted(down)
    assert len(up) == len(CURVE.games) + 1
    assert len(heights(svg([CURVE, Curve("3", (8,), (0.1,), (0.2,))], LEVELS, 3))) == 4


def test_evidence_on_its_boundary_is_drawn_on_its_line() -> None:
    drawn = svg([Curve("2", (9,), (3.0,), (2.3,))], LEVELS, 1)
    levels = [float(line.attrib["y1"]) for line in ElementTree.fromstring(drawn).iter(f"{SVG}line")]
    assert [line[-1] for line in heights(drawn)] == levels[-2:]


def test_evidence_beyond_the_picture_stays_inside() -> None:
    for line in heights(svg([Curve("2", (9,), (300.0,), (-300.0,))], LEVELS, 1)):
        assert all(0 <= at <= 240 for at in line)


def test_the_image_needs_nothing_beside_the_page() -> None:
    image = markdown_image(svg([CURVE], LEVELS, 3), "evidence")
    found = re.fullmatch(r"!\[evidence\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", image)
    assert found
    ElementTree.fromstring(base64.b64decode(found[1]))


def test_the_page_shows_evidence_boundaries_and_what_comes_next() -> None:
    rollout = go(after(plan(), EventType.VALIDATE, EventType.START), EventType.ADVANCE, night="2019-01-01")
    figures: dict[str, object] = {"n": 22, "log_e_promote": 0.5, "log_e_rollback": -1.6}
    look = Look(Verdict.WAIT, "too early", closed=("2019-01-01", "2019-01-02"), figures=figures, curves=(CURVE,))
    told = page("nba-win", rollout, look)
    assert "data:image/svg+xml" in told
    assert "| for promotion | 0.5 | 3.00 |" in told
    assert "**What the next look needs:** evidence for promotion of 1.00 (now 0.50); 22 of at most 600 games" in told
    assert re.search(r"Nights left for an equal challenger: about \d+, 9 of 10: \d+", told)


def test_what_is_needed_next_is_said_of_every_stage() -> None:
    seen = Look(Verdict.WAIT, "", closed=("2019-01-01",))
    shadow = after(plan(shadow_nights=3), EventType.VALIDATE, EventType.START)
    assert needs(shadow, seen) == "2 more closed nights in shadow without a hold"
    assert "a person resumes" in needs(go(shadow, EventType.HOLD, held="guard"), seen)
    baking = go(
        go(after(plan(ladder=(50,)), EventType.VALIDATE, EventType.START), EventType.ADVANCE), EventType.PROMOTE
    )
    assert needs(baking, seen) == "2 more closed nights without harm"
    test = after(plan(strategy="ab"), EventType.VALIDATE, EventType.START, EventType.ADVANCE)
    assert needs(test, seen).startswith("the last look")
