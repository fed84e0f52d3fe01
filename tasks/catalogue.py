"""What people ask about versions: one, two side by side, a family; and what they may do to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.catalogue.lineage import chain
from blocks.catalogue.search import Wanted
from blocks.catalogue.trust import Tampered
from blocks.errors import BackendError, NotFound
from blocks.notifier import Notifier
from blocks.platform import Platform
from blocks.registry import Registry
from blocks.store import Store
from tasks.alerting.alert import Alert, State, Subject
from tasks.alerting.kinds import SEVERITY, AlertType
from tasks.quality.calibration import calibration
from tasks.records import every
from tasks.rollout.lifecycle import Lifecycle, lifecycles
from tasks.rollout.operation import stand
from tasks.rollout.refusal import BadInput

if TYPE_CHECKING:
    import pandas as pd

DATA = ("trained_from", "trained_until", "data_digest")


def listing(registry: Registry, model: str, wanted: Wanted) -> dict[str, Any]:
    """Return the versions of a model that are wanted, and how many there are by stage and by framework."""
    rows = registry.search(model, wanted)
    aliases = aliases_of(registry, model)
    for row in rows:
        row["aliases"] = aliases.get(row["version"], [])
    counts = {name: dict(Counter(str(row[name]) for row in rows)) for name in ("stage", "framework")}
    return {"model": model, "versions": rows, "statistics": counts}


def aliases_of(registry: Registry, model: str) -> dict[str, list[str]]:
    """Return `{version: aliases}`; of a model that is not registered nothing."""
    found: dict[str, list[str]] = {}
    try:
        standing = registry.aliases(model)
    except NotFound:
        return {}
    for alias, version in sorted(standing.items()):
        found.setdefault(version, []).append(alias)
    return found


def shown(registry: Registry, model: str, named: str) -> dict[str, Any]:
    """Return everything that is kept of one version: a number, an alias or `latest`."""
    version = registry.resolve(model, named)
    row = registry.row(model, version)
    lineage = chain(registry.parents(model), version)
    return {
        "model": model,
        **row,
        "aliases": aliases_of(registry, model).get(version, []),
        "lineage": lineage,
        "signature": registry.columns(model, version),
    }


def lineage_of(registry: Registry, model: str, named: str) -> dict[str, Any]:
    """Return a version's ancestors, its descendants and both as a picture in Mermaid."""
    version, parents = registry.resolve(model, named), registry.parents(model)
    ancestors = chain(parents, version)
    family = [one for one in sorted(parents, key=int) if one not in ancestors and version in chain(parents, one)]
    rows = {str(row["version"]): row for row in registry.search(model, Wanted())}
    shown_ones = [*reversed(ancestors), *family]
    stages = {one: str(rows[one]["stage"]) if one in rows else "deleted" for one in shown_ones}
    lines = ["graph LR"]
    lines += [f'  v{one}["{one}: {stages[one]}"]' + (":::asked" if one == version else "") for one in shown_ones]
    lines += [f"  v{parents[one]} --> v{one}" for one in shown_ones if parents.get(one) in shown_ones]
    lines.append("  classDef asked stroke-width:3px")
    cyclic = parents.get(ancestors[-1]) in ancestors
    edges = [[parents[one], one] for one in shown_ones if one in parents]
    picture = "\n".join(lines)
    return {
        "model": model,
        "version": version,
        "chain": ancestors,
        "descendants": family,
        "stages": stages,
        "edges": edges,
        "cyclic": cyclic,
        "mermaid": picture,
    }


def compared(
    registry: Registry, model: str, pair: tuple[str, str], scored: pd.DataFrame | None = None
) -> dict[str, Any]:
    """Return what differs between two versions: metrics, parameters, schema, data, and calibration on the same rows.

    scored: columns `outcome`, and one of probabilities named after each version.
    """
    first, second = (registry.resolve(model, one) for one in pair)
    rows = [registry.row(model, one) for one in (first, second)]
    schemas = [registry.columns(model, one) for one in (first, second)]
    tags = [dict(row["tags"]) for row in rows]
    return {
        "model": model,
        "versions": [first, second],
        "metrics": _numbers(rows[0]["metrics"], rows[1]["metrics"]),
        "parameters": _texts(rows[0]["parameters"], rows[1]["parameters"]),
        "schema": _texts(*schemas),
        "data": _texts(*({name: tag[name] for name in DATA if name in tag} for tag in tags)),
        "framework": [row["framework"] for row in rows],
        "calibration": _calibrations(scored, first, second),
    }


def _numbers(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, Any]:
    found = {}
    for name in sorted({*one, *other}):
        a, b = one.get(name), other.get(name)
        known = a is not None and b is not None
        absolute = b - a if known else None  # type: ignore[operator]
        relative = absolute / abs(a) if absolute is not None and a else None
        found[name] = {"first": a, "second": b, "absolute": absolute, "relative": relative}
    return found


def _texts(one: Mapping[str, object], other: Mapping[str, object]) -> dict[str, Any]:
    names = sorted({*one, *other})
    return {
        name: {"first": one.get(name), "second": other.get(name), "same": one.get(name) == other.get(name)}
        for name in names
    }


def _calibrations(scored: pd.DataFrame | None, first: str, second: str) -> dict[str, Any] | None:
    if scored is None or scored.empty:
        return None
    y = scored["outcome"].to_numpy(dtype=float)
    found: dict[str, Any] = {"rows": len(y)}
    for side, version in (("first", first), ("second", second)):
        p = scored[version].to_numpy(dtype=float)
        fit = calibration(p, y)
        brier = float(np.nanmean((p - y) ** 2))
        found[side] = {"brier": brier, "slope": fit.slope, "intercept": fit.intercept, "ece": fit.ece}
    return found


def sealed_together(store: Store, model: str, first: str, second: str) -> pd.DataFrame:
    """Return the games that both versions forecast and whose result is known: outcome, and a column a version."""
    sealed = store.predictions(model, versions=[first, second])
    latest = sealed.sort_values("made_at").drop_duplicates(["unit", "version"], keep="last")
    wide = latest.pivot(index="unit", columns="version", values="p").dropna()
    outcomes = store.outcomes(model)
    final = outcomes[outcomes["status"] == "final"].drop_duplicates("unit", keep="last").set_index("unit")["outcome"]
    joined = wide.join(final, how="inner").dropna()
    return joined if {first, second} <= set(joined.columns) else joined.head(0)


def asked_together(registry: Registry, model: str, pair: tuple[str, str], rows: pd.DataFrame, outcome: str) -> Any:
    """Return the answers of two versions to the same rows, beside their outcomes."""
    if outcome not in rows.columns:
        raise BadInput("outcome", f"the file has no column {outcome!r}; it has {', '.join(map(str, rows.columns))}")
    answers = {}
    for one in pair:
        version = registry.resolve(model, one)
        wanted = list(registry.columns(model, version))
        missing = sorted(set(wanted) - set(map(str, rows.columns)))
        if missing:
            raise BadInput("rows", f"version {version} reads {', '.join(missing)}, which the file does not have")
        answers[version] = registry.load_model(model, version)(rows[wanted])
    import pandas as pd

    return pd.DataFrame({**answers, "outcome": rows[outcome].to_numpy(dtype=float)})


def stages_from_the_log(registry: Registry, model: str) -> dict[str, Lifecycle]:
    """Return where every version stands as the log says; versions that no rollout named are in development."""
    retired = stand(registry.log.operations(model)).retired
    found = lifecycles(every(registry, model), retired)
    everybody = {str(row["version"]): Lifecycle.DEVELOPMENT for row in registry.versions(model)}
    return everybody | {version: stage for version, stage in found.items() if version in everybody}


def alert_of_tampering(
    store: Store, notifier: Notifier | None, who: tuple[str, str], says: str, now: datetime
) -> dict[str, object] | None:
    """Open the alert that a version's files were changed, unless it is open; who: model and version."""
    about = Subject(who[0], who[1], AlertType.TAMPERED, "artifacts")
    standing = [Alert.from_dict(row["body"]) for row in store.alerts(who[0], open_only=True).to_dict("records")]
    if any(one.about == about and one.state is not State.RESOLVED for one in standing):
        return None
    alert = Alert(about, SEVERITY[AlertType.TAMPERED], says, now, now)
    if notifier is not None:
        notifier.send({**alert.to_dict(), "key": alert.key})
    store.save_alert(alert.to_dict())
    return alert.to_dict()


def alert_of_refused_files(platform: Platform, model: str, now: datetime) -> list[str]:
    """Open an alert for each version that the gateway refuses for its changed files, and return those versions.

    A gateway that cannot be asked says nothing here: scoring, validation and `models verify` look by themselves.
    """
    if platform.gateway is None:
        return []
    try:
        refused = platform.gateway.tampered()
    except BackendError:
        return []
    for version, says in sorted(refused.items()):
        alert_of_tampering(platform.store, platform.notifier, (model, version), says, now)
    return sorted(refused)


def alert_if_tampered(platform: Platform, model: str, named: str, now: datetime) -> None:
    """Open an alert where the files of a version, an alias or `latest` are not the ones that were registered.

    What else is wrong with the version is not told here: whoever asks it for forecasts meets it.
    """
    version = platform.registry.resolve(model, named)
    try:
        platform.registry.load_model(model, version)
    except Tampered as error:
        alert_of_tampering(platform.store, platform.notifier, (model, version), str(error), now)
    except Exception:  # noqa: BLE001 - a model's own code is loaded here and may raise anything; scoring says what
        return
