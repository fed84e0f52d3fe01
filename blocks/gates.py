"""The data gates: suites of expectations that a table must meet before the next step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from prefect.blocks.core import Block
from pydantic import Field

from blocks.suites.gate import run_suite
from blocks.suites.markdown import markdown
from blocks.suites.suite import Suite, read_suite

if TYPE_CHECKING:
    from pandas import DataFrame


class Gates(Block):
    """Run suites of Great Expectations that live as plain YAML in a folder; raises Refused for a mistake in one."""

    _block_type_name = "Gamenight Gates"
    _block_type_slug = "gamenight-gates"
    _description = "Suites of expectations, as YAML in a folder with a subfolder a model."

    folder: str = Field(
        default="deployments/models", title="Folder", description="Where the suites are: <folder>/<model>/<suite>.yaml"
    )

    def suite(self, name: str) -> Suite:
        """Return a suite such as `nba-win/slates`; raises NotFound or Refused."""
        return read_suite(self.folder, name)

    def has(self, suite_name: str) -> bool:
        """Return whether there is a suite of this name."""
        return (Path(self.folder) / f"{suite_name}.yaml").is_file()

    def run(
        self,
        suite_name: str,
        frame: DataFrame,
        context: Mapping[str, object] | None = None,
        documented: bool = False,
    ) -> dict[str, object]:
        """Return the verdict of a suite on a frame, what failed, and the rows that are set aside with the reason.

        context: values that the suite's parameters name, and frames that it lays beside the rows. documented: render
        Great Expectations' own page of it too (HTML), which costs 0.1 to 0.2 s.
        """
        result = run_suite(self.suite(suite_name), frame, context or {}, documented)
        return {"suite": suite_name, **result, "markdown": markdown(suite_name, result)}
