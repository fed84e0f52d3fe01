"""Our expectations, registered with Great Expectations under its kind of names; import it only where a gate runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from blocks.suites import rows, tables
from blocks.suites.finding import Finding

if TYPE_CHECKING:
    import pandas as pd

FRAME = "gamenight.frame"


class _Frame(TableMetricProvider):  # type: ignore[misc]  # Great Expectations is not typed for us
    """The table itself as a metric, so that an expectation is one function of a frame."""

    metric_name = FRAME

    @metric_value(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, execution_engine: Any, metric_domain_kwargs: Any, **_: Any) -> pd.DataFrame:  # noqa: N805
        frame, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, MetricDomainTypes.TABLE)
        return frame  # type: ignore[no-any-return]


class _FrameExpectation(BatchExpectation):  # type: ignore[misc]
    """An expectation whose subclass says what it finds in a frame."""

    metric_dependencies = (FRAME,)
    domain_keys: ClassVar[tuple[str, ...]] = ()
    success_keys: ClassVar[tuple[str, ...]] = ()

    def _finding(self, frame: pd.DataFrame) -> Finding:
        raise NotImplementedError

    def _validate(self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None) -> Any:
        found = self._finding(metrics[FRAME])
        result = {"unexpected_index_list": found.rows.tolist(), "unexpected_count": len(found.rows), "why": found.why}
        return {"success": found.passed, "result": result}


class ExpectRowsToSatisfy(_FrameExpectation):
    """Expect a condition over columns to be true in every row that has them all."""

    condition: str
    column_list: list[str]
    only_where: str = ""

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return rows.satisfy(frame, self.condition, self.column_list, self.only_where)


class ExpectRowsToAppearOnce(_FrameExpectation):
    """Expect no two rows to share a key; equal copies are one too many each, contradicting ones are all at fault."""

    column_list: list[str]
    unordered: tuple[str, ...] = ()
    content: tuple[str, ...] = ()

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return rows.appear_once(frame, self.column_list, self.content, self.unordered)


class ExpectValuesOncePerGroup(_FrameExpectation):
    """Expect a value to stand at most once per group in any of the columns: a team plays once a night."""

    group: str
    column_list: list[str]
    only_where: str = ""

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return rows.once_per(frame, self.group, self.column_list, self.only_where)


class ExpectIdsToSpellTheirRow(_FrameExpectation):
    """Expect ids that have a shape to be spelled from the other columns: they show what was exchanged later."""

    column: str
    column_list: list[str]
    regex: str

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return rows.ids_spell(frame, self.column, self.column_list, self.regex)


class ExpectDatesToLieInSeason(_FrameExpectation):
    """Expect dates to lie in the season they are labelled with, the year in which it ends."""

    column: str
    season: str = "season"
    first: str
    last: str

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return rows.dates_in_season(frame, self.column, self.season, self.first, self.last)


class ExpectPricesToHaveOverroundBetween(_FrameExpectation):
    """Expect the two American prices of a game to imply a plausible total."""

    column_list: list[str]
    min_value: float
    max_value: float

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return rows.overround(frame, self.column_list, self.min_value, self.max_value)


class ExpectPricesToAgree(_FrameExpectation):
    """Expect two books to agree on a game's home probability within a tolerance."""

    column_list: list[str]
    tolerance: float

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return rows.prices_agree(frame, self.column_list, self.tolerance)


class ExpectGroupsToBeMirroredPairs(_FrameExpectation):
    """Expect each group to be two rows that mirror each other, one with the flag and one without."""

    group: str
    pairs: list[list[str]]
    flag: str

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return rows.mirror(frame, self.group, self.pairs, self.flag)


class ExpectShareOfRowsToBeBetween(_FrameExpectation):
    """Expect the share of rows for which a condition is true not to lie clearly outside bounds, in every group."""

    condition: str
    column_list: list[str]
    min_value: float
    max_value: float
    by: tuple[str, ...] = ()
    only_where: str = ""
    min_rows: int = 100
    z: float = 2.0

    def _finding(self, frame: pd.DataFrame) -> Finding:
        bounds = tables.Bounds(self.min_value, self.max_value, self.min_rows, self.z)
        complete = frame[frame[self.column_list].notna().all(axis=1)]
        return tables.share(complete, self.condition, bounds, tables.Scope(self.only_where, self.by))


class ExpectColumnsToStayAlive(_FrameExpectation):
    """Expect no column to go on empty in the middle of a group."""

    columns: list[str]
    order: str = "date"
    by: tuple[str, ...] = ()
    only_where: str = ""
    min_rows: int = 60

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return tables.stay_alive(frame, self.columns, tables.Scope(self.only_where, self.by, self.order), self.min_rows)


class ExpectNoSeries(_FrameExpectation):
    """Expect no two teams to meet several times in a row where only a play-off does."""

    column_list: list[str]
    order: str = "date"
    by: tuple[str, ...] = ("season",)
    only_where: str = ""
    length: int = 4  # three in a row happen by chance in one generated season of ten

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return tables.no_series(
            frame, self.column_list, tables.Scope(self.only_where, self.by, self.order), self.length
        )


class ExpectZerosToBeRare(_FrameExpectation):
    """Expect zeros not to have taken the place of missing values."""

    column_list: list[str]
    at_most: float
    only_where: str = ""
    min_rows: int = 100

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return tables.zeros_rare(frame, self.column_list, self.at_most, tables.Scope(self.only_where), self.min_rows)


class ExpectForecastToBeatItsMirror(_FrameExpectation):
    """Expect a forecast to fit the outcomes better than the same forecast of the other side."""

    column_A: str  # noqa: N815  Great Expectations' name for the first column of a pair
    column_B: str  # noqa: N815
    min_rows: int = 50
    z: float = 3.0

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return tables.beats_mirror(frame, self.column_A, self.column_B, self.min_rows, self.z)


class ExpectForecastsToDiffer(_FrameExpectation):
    """Expect a forecaster not to say the same of every game."""

    column: str
    by: tuple[str, ...] = ()
    min_rows: int = 5

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return tables.differ(frame, self.column, tables.Scope(by=self.by), self.min_rows)


class ExpectTableToBeNoPointer(_FrameExpectation):
    """Expect a table, not the pointer that a storage leaves in place of a large file."""

    def _finding(self, frame: pd.DataFrame) -> Finding:
        return tables.no_pointer(frame)
