"""`python -m blocks`: save the documents of one platform on the Prefect server, under one name."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from prefect.blocks.core import Block
from pydantic import SecretStr

from blocks.gates import Gates
from blocks.gateway import Gateway
from blocks.notifier import Notifier
from blocks.platform import Platform
from blocks.registry import Registry
from blocks.serving.settings import operators_token
from blocks.source import Source
from blocks.store import Store
from blocks.workers import Workers

EXAMPLE = """example:
  python -m blocks --name production --tracking-uri http://127.0.0.1:5000 \\
      --store-url postgresql+psycopg://user:password@127.0.0.1/gamenight --games ./games

The gateway's token is read from GAMENIGHT_TOKEN."""


def words(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(
        prog="python -m blocks",
        description="Save a platform: flows open it by its name.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    here = Path(__file__).resolve().parents[1] / "deployments" / "models"
    parser.add_argument("--name", default="local", help="the platform's name (default: local)")
    parser.add_argument("--tracking-uri", required=True, help="the MLflow server")
    parser.add_argument("--store-url", required=True, help="the prediction store, any SQLAlchemy URL")
    parser.add_argument("--gateway-url", default="", help="the gateway; left out, nobody is poked")
    parser.add_argument("--games", required=True, help="a file of games, or a folder of them")
    parser.add_argument("--seasons", type=int, default=None, help="past seasons to read (default: all)")
    parser.add_argument("--models-dir", default=str(here), help="a folder a model: policy.yaml and its suites")
    parser.add_argument("--publications", default="published", help="the folder for published slates")
    parser.add_argument("--notices", default="notices.jsonl", help="the file for notices of decisions and alerts")
    parser.add_argument("--webhook", default="", help="an address that gets every notice as JSON")
    parser.add_argument("--workers", default="threads", choices=("threads", "dask", "ray"), help="who scores batches")
    parser.add_argument("--worker-count", type=int, default=None, help="how many of them (default: the cores)")
    return parser.parse_args(arguments)


def platform_of(said: argparse.Namespace, token: str) -> Platform:
    """Return the platform that a command line describes, not saved yet."""
    gateway = Gateway(url=said.gateway_url, token=SecretStr(token) if token else None) if said.gateway_url else None
    return Platform(
        registry=Registry(tracking_uri=said.tracking_uri),
        store=Store(url=SecretStr(said.store_url)),
        gateway=gateway,
        gates=Gates(folder=said.models_dir),
        source=Source(path=str(Path(said.games).resolve()), seasons=said.seasons),
        notifier=Notifier(
            file=str(Path(said.notices).resolve()), webhook=SecretStr(said.webhook) if said.webhook else None
        ),
        workers=Workers(kind=said.workers, count=said.worker_count),
        models=said.models_dir,
        publications=str(Path(said.publications).resolve()),
    )


def save(platform: Platform, name: str) -> None:
    """Save a platform and its parts under one name; a later save replaces an earlier one."""
    platform.store.migrate()
    parts: list[Block | None] = [platform.registry, platform.store, platform.gateway, platform.gates]
    for part in [*parts, platform.source, platform.notifier, platform.workers]:
        if part is not None:
            part.save(name, overwrite=True)
    platform.save(name, overwrite=True)


def main() -> None:
    """Save the platform of the command line."""
    said = words()
    # the one secret that must not stand in a list of processes
    save(platform_of(said, operators_token()), said.name)


if __name__ == "__main__":
    main()
