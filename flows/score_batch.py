"""Score a table that outgrows memory, or a machine: part by part, each written once with its digest."""

from __future__ import annotations

from prefect import flow

from blocks.platform import Platform
from tasks.batches import ROWS_A_PART, name_batch, plan_batch, score_all, seal_batch


@flow(name="score-batch", flow_run_name="score a batch of {model}")
def score_batch(
    source: str,
    target: str,
    model: str = "nba-win",
    platform: str = "local",
    version: str = "champion",
    key: str | None = None,
    rows_a_part: int = ROWS_A_PART,
) -> dict[str, object]:
    """Score Parquet files into Parquet files. Run again it goes on where it was stopped, and doubles nothing.

    Args:
        source: A Parquet file, or a folder of them.
        target: The folder of the answers: a file a part, and a manifest with their digests.
        model: The registered model.
        platform: The saved platform to work on; its workers do the work.
        version: The version that answers: a number or an alias.
        key: The column that names a row and is copied beside its answer; none when empty.
        rows_a_part: About how many rows a part has.
    """
    world = Platform.open(platform)
    batch = name_batch(world, model, version, (source, target), key)
    parts = plan_batch(world, batch, rows_a_part)
    return seal_batch(batch, score_all(world, batch, parts))
