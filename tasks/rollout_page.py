"""The page that every tick leaves in the Prefect UI: where the rollout stands, its evidence, what is needed next."""

from __future__ import annotations

from typing import Any

from tasks.evidence import rule_of
from tasks.planning import next_look, nights_left
from tasks.rollout.fold import Rollout
from tasks.rollout.look import Look
from tasks.rollout.picture import markdown_image, svg
from tasks.rollout.stage import Stage


def page(model: str, rollout: Rollout | None, look: Look | None) -> str:
    """Return the page in markdown."""
    if rollout is None:
        return f"# {model}\nNo version has been released yet."
    lines = [*_standing(model, rollout, look), *(_evidence(rollout, look) if look is not None else [])]
    lines += ["", "| event | at | by | percent | why |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {e.type} | {e.at} | {e.by} | {e.weight} | {e.why} |" for e in reversed(rollout.events)]
    return "\n".join(lines)


def _standing(model: str, rollout: Rollout, look: Look | None) -> list[str]:
    held = f", held ({rollout.held})" if rollout.held else ""
    left = nights_left(rollout, None) if rollout.live and look is None else None
    return [
        f"# {model}: version {rollout.challenger} is {rollout.stage.value}{held}",
        f"{rollout.events[-1].why if rollout.events else 'nothing has happened yet'}.",
        "",
        "| version | role | percent of requests |",
        "| --- | --- | --- |",
        *(f"| {arm.version} | {arm.role} | {arm.weight} |" for arm in rollout.routes.arms),
        "",
        f"Next look: {next_look(rollout)}.",
        *([f"Planned for an equal challenger: {left['median']} nights, 9 of 10: {left['p90']}."] if left else []),
    ]


def _evidence(rollout: Rollout, look: Look) -> list[str]:
    rule = rule_of(rollout.plan)
    alpha, beta = rule.levels
    told = f"log evidence for promotion and rollback against {beta:.2f} and {alpha:.2f}"
    drawn = [markdown_image(svg(look.curves, rule.levels, len(rule.ladder)), told), ""] if look.curves else []
    left = nights_left(rollout, look)
    return [
        "",
        f"This look: **{look.verdict}**, {look.why}.",
        "",
        *drawn,
        "| evidence (natural logarithm) | now | boundary |",
        "| --- | --- | --- |",
        f"| for promotion | {look.figures.get('log_e_promote', '-')} | {beta:.2f} |",
        f"| for rollback | {look.figures.get('log_e_rollback', '-')} | {alpha:.2f} |",
        *_arms(look),
        "",
        f"**What the next look needs:** {needs(rollout, look)}.",
        *([f"Nights left for an equal challenger: about {left['median']}, 9 of 10: {left['p90']}."] if left else []),
        *(["", look.report] if look.report else []),
    ]


def _arms(look: Look) -> list[str]:
    arms: Any = look.figures.get("arms", {})
    rows = [
        f"| {version} | {arm['verdict']} | {arm.get('mean_difference', '-')} | {arm.get('log_e_promote', '-')} "
        f"| {arm.get('log_e_rollback', '-')} |"
        for version, arm in arms.items()
    ]
    head = ["", "| arm | verdict | mean difference | for promotion | for rollback |", "|" + " --- |" * 5]
    return [*head, *rows] if rows else []


def needs(rollout: Rollout, look: Look) -> str:
    """Return in words what must be seen before the rollout moves up."""
    policy, fresh = rollout.plan.policy, look.nights_after(rollout.stage_night)
    if not rollout.live:
        return "nothing: the rollout has ended"
    if rollout.held:
        return f"{next_look(rollout)}; harm ends it all the same"
    if rollout.stage is Stage.BAKING:
        return f"{max(0, policy.bake_nights - fresh)} more closed nights without harm"
    if rollout.stage is Stage.SHADOW and rollout.plan.steps:
        return f"{max(0, policy.shadow_nights - fresh)} more closed nights in shadow without a hold"
    return _proof(rollout, look)


def _proof(rollout: Rollout, look: Look) -> str:
    rule = rule_of(rollout.plan)
    steps = len(rule.ladder) or 1
    wanted = min(rollout.step + 1, steps) / steps if rollout.plan.steps else 1.0
    level, now = rule.levels[1] * wanted, float(str(look.figures.get("log_e_promote", 0.0)))
    games = f"{look.figures.get('n', 0)} of at most {rule.n_max} games are in"
    if rollout.plan.strategy == "ab":
        return f"the last look: {games}"
    said = f"evidence for promotion of {level:.2f} (now {now:.2f}); {games}"
    return said if look.nights_after(rollout.stage_night) else f"a night that closes after the last step, and {said}"
