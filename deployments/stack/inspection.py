"""What the doctor looks at on this machine, without any server."""

from __future__ import annotations

import shutil
import sys
from importlib import metadata
from pathlib import Path

from blocks.errors import BackendError
from deployments.stack import environment
from deployments.stack.finding import Finding, fine, note, unreachable, wrong
from deployments.stack.home import Home
from deployments.stack.servers import ROOT
from tasks.rollout.refusal import BadInput

PYTHONS = ((3, 11), (3, 13))
LOW_DISK = 1_000_000_000


def inspect_machine(home: Home) -> list[Finding]:
    """Return what is found of Python, the packages, the environment, the home, the store and the policies."""
    findings = [_python(), _packages(), _environment(), _home(home), _store(home)]
    return findings + [_policy(path) for path in sorted((ROOT / "deployments" / "models").glob("*/policy.yaml"))]


def _python() -> Finding:
    here = sys.version_info[:2]
    says = f"Python {sys.version.split()[0]} at {sys.executable}"
    if PYTHONS[0] <= here <= PYTHONS[1]:
        return fine("python", says)
    return wrong("python", says, "gamenight runs on Python 3.11 to 3.13: make PYTHON=/path/to/python3.11 env")


def _packages() -> Finding:
    """Compare what is installed with the bounds that were found to work; outside them Prefect fails in silence."""
    from packaging.requirements import Requirement

    outside = []
    for one in map(Requirement, metadata.requires("gamenight") or []):
        if one.marker is not None and not one.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            outside.append(f"{one.name} is missing")
            continue
        if not one.specifier.contains(installed, prereleases=True):
            outside.append(f"{one.name} {installed} is outside {one.specifier}")
    if outside:
        return wrong("packages", "; ".join(outside), "Run `make env`, or install with -c constraints.txt.")
    return fine("packages", "every dependency is within its bounds")


def _environment() -> Finding:
    foreign = environment.foreign_settings()
    if not foreign:
        return fine("environment", "no setting of another Prefect or MLflow stands in the environment")
    named = ", ".join(f"{name}={value}" for name, value in foreign.items())
    return note("environment", f"{named} stands in your environment", "The embedded stack sets its own and ignores it.")


def _home(home: Home) -> Finding:
    if not home.root.exists():
        return note("home", f"{home.root} is not there yet", "`gamenight demo` or `gamenight up` makes it.")
    try:
        home.prepare()
    except BadInput as error:
        return wrong("home", str(error), "Name another --home, or take ownership of this one.")
    free = shutil.disk_usage(home.root).free
    if free < LOW_DISK:
        return wrong("home", f"{free / 1e9:.1f} GB are free at {home.root}", "Make room: models and journals grow.")
    return fine("home", f"{home.root}, {free / 1e9:.0f} GB free")


def _store(home: Home) -> Finding:
    if not (home.root / "store.db").exists():
        return note("store", "there is no prediction store yet", "`gamenight up` makes it.")
    from blocks.sql.engine import open_engine
    from blocks.sql.migration import newest, revision_of

    try:
        standing = revision_of(open_engine(home.store_url))
    except BackendError as error:
        return unreachable("store", str(error), f"Look at {home.root / 'store.db'}.")
    if standing == newest():
        return fine("store", f"{home.root / 'store.db'} at revision {standing}")
    return wrong("store", f"revision {standing}, this code wants {newest()}", "`gamenight up` migrates it.")


def _policy(path: Path) -> Finding:
    import yaml

    from tasks.rollout.policy import read_policy

    subject = f"policy of {path.parent.name}"
    try:
        policy = read_policy(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
    except (BadInput, yaml.YAMLError, OSError) as error:
        return wrong(subject, str(error), f"Put {path} right; docs/reference/policy.md has every key.")
    return fine(subject, f"{policy.strategy} {list(policy.ladder)}, {path}")
