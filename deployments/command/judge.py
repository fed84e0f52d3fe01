"""`gamenight judge`: the decision rule over any table with two forecasters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployments.command import exits, output
from deployments.command.options import standard

if TYPE_CHECKING:
    from tasks.forecasts_file import Forecasts
    from tasks.judgement.judge import Judgement, Look
    from tasks.judgement.planner import Plan
    from tasks.judgement.rule import Rule

MARGIN = {"brier": 0.01, "log": 0.025}

EXAMPLE = """\b
Example:
  gamenight judge season.csv --champion p_elo --challenger p_gbm --outcome home_win --night date
  gamenight judge season.parquet --champion a --challenger b --outcome won --night date --unit game_id
      --score log --picture evidence.html
"""


@click.command(epilog=EXAMPLE)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--champion", required=True, metavar="COL", help="Column with the champion's probabilities.")
@click.option("--challenger", required=True, metavar="COL", help="Column with the challenger's probabilities.")
@click.option("--outcome", required=True, metavar="COL", help="Column with 0, 1 or blank.")
@click.option("--night", required=True, metavar="COL", help="Column that sorts into nights; each is one look.")
@click.option("--unit", metavar="COL", help="Column that names the unit; without it every row is one.")
@click.option("--score", type=click.Choice(list(MARGIN)), default="brier", show_default=True)
@click.option("--margin", type=float, help="How much worse a challenger may be.  [default: 0.01, for log 0.025]")
@click.option("--alpha", type=float, default=0.10, show_default=True, help="Bound on rolling back a no-worse one.")
@click.option("--beta", type=float, default=0.05, show_default=True, help="Bound on promoting one worse by the margin.")
@click.option("--q-bar", type=float, help="Mean allowance of the holdout.  [default: from the first 100 units]")
@click.option("--n-max", type=int, default=600, show_default=True, help="Units after which the answer is INCONCLUSIVE.")
@click.option("--ladder", default="5,25,50", show_default=True, help="Percents before promotion.")
@click.option("--fallback", default="champion", show_default=True, help="Score a blank challenger so, or as a NUMBER.")
@click.option(
    "--picture", type=click.Path(dir_okay=False, path_type=Path), multiple=True, help="Draw to .png or .html."
)
@standard
def judge(file: Path, home: Path, as_json: bool, picture: tuple[Path, ...], **given: str | float | None) -> int:
    """Run the decision rule over FILE, a CSV or Parquet table with two forecasters. Needs no server.

    PASS: promoted. FAIL: rolled back (exit status 1). WAIT: no decision yet. INCONCLUSIVE: none within --n-max.
    """
    from deployments.command.evidence_picture import draw, drawable
    from tasks.forecasts_file import Columns, from_first_units, read_forecasts
    from tasks.judgement.judge import judge as judged
    from tasks.judgement.planner import plan

    drawable(picture)
    rule = _rule(given)
    names = (given[name] for name in ("champion", "challenger", "outcome", "night", "unit"))
    found = read_forecasts(file, Columns(*names), str(given["fallback"]))  # type: ignore[arg-type] # click made them text
    ledger = found.ledger
    if given["q_bar"] is None:
        rule, ledger = from_first_units(ledger, rule)
    for note in found.notes:
        output.say(f"note: {note}")
    judgement = judged(ledger, rule)
    per_night = len(ledger.y) / max(1, len(ledger.nights))
    forecast = plan(rule, per_night or 1.0)
    output.say(f"plan: {forecast.says} (q_bar {rule.q_bar:.5f})")
    for look in judgement.looks:
        output.say(_line(look, judgement))
    for path in picture:
        draw(judgement, rule, path, title=f"{given['challenger']} against {given['champion']}, {file.name}")
        output.say(f"picture: {path}")
    if as_json:
        output.emit(_answer(judgement, rule, forecast, found))
    else:
        output.tell(_sentence(judgement, rule))
    return exits.NO if judgement.verdict == "FAIL" else exits.DONE


def _rule(given: dict[str, str | float | None]) -> Rule:
    from tasks.judgement.rule import Rule
    from tasks.rollout.refusal import BadInput

    score, ladder = str(given["score"]), str(given["ladder"])
    try:
        steps = tuple(int(step) for step in ladder.split(",") if step.strip())
    except ValueError as error:
        raise BadInput("ladder", f"{ladder!r} is not a list of whole percents such as 5,25,50") from error
    margin = MARGIN[score] if given["margin"] is None else float(given["margin"])
    q_bar, alpha, beta = (float(given[name] or 0.0) for name in ("q_bar", "alpha", "beta"))
    n_max = int(given["n_max"] or 0)
    return Rule(q_bar, margin, alpha=alpha, beta=beta, n_max=n_max, ladder=steps, score=score, holds=False)


def _line(look: Look, judgement: Judgement) -> str:
    bounds = f"mean {look.S / look.n:+.4f} [{look.lower:+.4f}, {look.upper:+.4f}]"
    evidence = f"log E promote {look.log_e_promote:+7.2f}, roll back {look.log_e_rollback:+7.2f}"
    mark = f"  <- {judgement.verdict}" if judgement.night and look is judgement.look else ""
    return f"{look.night:>10}  {look.n:6d} units  {evidence}  {bounds}  share {look.share:3d}%{mark}"


def _sentence(judgement: Judgement, rule: Rule) -> str:
    look = judgement.look
    if look is None:
        return (
            f"{judgement.verdict}: no night is left to look at; q_bar takes the first 100 units unless --q-bar is given"
        )
    where = f"at night {judgement.night} ({look.night})" if judgement.night else f"after {len(judgement.looks)} nights"
    means = {
        "PASS": f"promoted: the challenger is not worse by {rule.margin}",
        "FAIL": "rolled back: the challenger is worse",
        "INCONCLUSIVE": "neither was shown within n_max: the champion stays",
    }
    said = means.get(judgement.verdict, f"not decided yet ({judgement.reason})")
    bounds = f"mean difference {look.S / look.n:+.5f}, within [{look.lower:+.5f}, {look.upper:+.5f}]"
    return f"{judgement.verdict} {where}, {look.n} units: {said}; {bounds}"


def _answer(judgement: Judgement, rule: Rule, forecast: Plan, found: Forecasts) -> dict[str, object]:
    look = judgement.look
    figures = ("lower", "upper", "log_e_promote", "log_e_rollback")
    shown = ("n", "S", "Q", "log_e_promote", "log_e_rollback", "share", "guard", "lower", "upper", "rung", "coverage")
    return {
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "night": judgement.night,
        "units": look.n if look else 0,
        "mean_difference": look.S / look.n if look else None,
        **{name: getattr(look, name) if look else None for name in figures},
        "q_bar": rule.q_bar,
        "plan": {"median_units": forecast.median_units, "p90_units": forecast.p90_units, "says": forecast.says},
        "share": [one.share for one in judgement.looks],
        "looks": [
            {"night": found.nights[one.night], **{name: getattr(one, name) for name in shown}}
            for one in judgement.looks
        ],
        "notes": found.notes,
        "rule": judgement.rule,
    }
