"""A version that stood its trial in staging comes to production with the same files."""

from __future__ import annotations

from prefect import flow

from blocks.platform import Platform
from tasks.copying import Copied, copy_files


@flow(name="copy-version", flow_run_name="copy {model} {version} from {source} to {platform}")
def copy_version(version: str, model: str = "nba-win", source: str = "staging", platform: str = "production") -> Copied:
    """Copy a version between platforms: same files, same digest. It is released there like any other, by its gates.

    Args:
        version: The version in the source: a number, an alias, or latest.
        model: The registered model, under the same name in both.
        source: The saved platform to copy from.
        platform: The saved platform to copy to.
    """
    return copy_files(Platform.open(source), Platform.open(platform), model, version, source)
