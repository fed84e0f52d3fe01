"""A gate's suite: plain YAML with Great Expectations' own names and arguments, read and checked before it is run."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blocks.errors import NotFound, Refused

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")


class Strict(BaseModel):
    """Refuse keys that are not known: a typing mistake in a gate must not switch it off."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Item(Strict):
    """One expectation, what its failure means, and when it is asked at all.

    quarantine: a row that fails it is set aside instead of failing the gate, up to `limit` (else the suite's). when:
    columns, or names of the context, without which it is not asked. why: what a person is told.
    """

    type: str
    kwargs: dict[str, object] = {}
    severity: Severity = "critical"
    quarantine: bool = False
    limit: float | None = Field(default=None, ge=0, le=1)
    when: tuple[str, ...] = ()
    why: str = ""


class Join(Strict):
    """A frame of the context whose columns are laid beside the rows, under the names `<frame>_<column>`.

    Rows meet by the first of the keys that finds a partner for most of them; `[a, b]` inside a key means two columns in
    either order.
    """

    frame: str
    keys: tuple[tuple[str | tuple[str, str], ...], ...]
    columns: tuple[str, ...]


class Suite(Strict):
    """What a table must be like.

    key: the column that names a row to people. quarantine_limit: the largest share of rows that may be set aside (one
    row always may). include: another suite of the folder, whose expectations come first and whose join is
    taken where there is no own.
    """

    key: str = "game_id"
    quarantine_limit: float = Field(default=0.01, ge=0, le=1)
    include: str | None = None
    join: Join | None = None
    expectations: tuple[Item, ...] = Field(min_length=1)


def read_suite(folder: Path | str, name: str) -> Suite:
    """Return the suite `<folder>/<name>.yaml`; raises NotFound for no such file and Refused for a mistake in it."""
    path = Path(folder) / (name if name.endswith(".yaml") else f"{name}.yaml")
    if not path.is_file():
        there = ", ".join(sorted(other.stem for other in path.parent.glob("*.yaml"))) or "none"
        raise NotFound(f"There is no suite {path}.", f"Name one of those there: {there}.")
    suite = _parsed(path, path.read_text(encoding="utf-8"))
    if suite.include is None:
        return suite
    first = read_suite(path.parent, suite.include)
    both = {"expectations": (*first.expectations, *suite.expectations), "join": suite.join or first.join}
    return suite.model_copy(update={"include": None, **both})


@lru_cache(maxsize=64)
def _parsed(path: Path, text: str) -> Suite:
    import yaml

    try:
        return Suite.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise Refused(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Refused(f"{path}: {field}: {first['msg']}.", "Correct the suite; no gate ran.") from error
