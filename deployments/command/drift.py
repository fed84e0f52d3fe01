"""`gamenight drift`: two tables, column by column."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployments.command import exits, output
from deployments.command.options import standard

if TYPE_CHECKING:
    from tasks.drift.report import ColumnReport, Report

EXAMPLE = """\b
Example:
  gamenight drift --reference training.parquet --current last_week.csv
  gamenight drift --reference a.csv.gz --current b.csv.gz --columns home_elo,neutral --fail-on-drift
  gamenight drift --reference a.csv --current b.csv --html drift.html
"""

HEADER = ("column", "kind", "D", "band", "p", "PSI", "missing", "drift", "why")


@click.command(epilog=EXAMPLE)
@click.option(
    "--reference",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Table to compare with.",
)
@click.option(
    "--current", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Table to look at."
)
@click.option("--columns", metavar="A,B", help="Only these columns.  [default: every column of either table]")
@click.option("--fdr", type=float, default=0.05, show_default=True, help="False discovery rate over all columns.")
@click.option("--ks-effect", type=float, default=0.1, show_default=True, help="Smallest distance D that is drift.")
@click.option("--psi-effect", type=float, default=0.1, show_default=True, help="Smallest PSI that is drift.")
@click.option("--min-rows", type=int, default=30, show_default=True, help="Fewer values are not compared.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with a picture a column.")
@click.option("--fail-on-drift", is_flag=True, help="Exit with status 1 when a column drifted.")
@standard
def drift(
    reference: Path,
    current: Path,
    columns: str | None,
    html: Path | None,
    fail_on_drift: bool,
    home: Path,
    as_json: bool,
    **thresholds: float,
) -> int:
    """Compare two tables, CSV or Parquet, plain or gzipped. Needs no server.

    A column drifts when its effect is over a threshold and its corrected p-value below the rate. Missing shares are
    compared too. A column that cannot be compared says why.
    """
    from deployments.command.drift_page import write_page
    from deployments.command.table_file import chosen_columns, read_table
    from tasks.drift.profile import profile
    from tasks.drift.report import compare
    from tasks.drift.settings import Settings

    settings = Settings(
        ks_effect=thresholds["ks_effect"],
        psi_effect=thresholds["psi_effect"],
        fdr=thresholds["fdr"],
        min_rows=int(thresholds["min_rows"]),
    )
    names = [name.strip() for name in columns.split(",") if name.strip()] if columns else None
    before = profile(chosen_columns(read_table(reference), names, reference))
    window = chosen_columns(read_table(current), names, current)
    report = compare(before, window, settings)
    for finding in report.findings:
        output.say(f"note: {finding.column}: {finding.message}")
    if html:
        write_page(html, report, before, window)
        output.say(f"page: {html}")
    if as_json:
        output.emit(report.to_dict())
    else:
        output.tell(_table(report))
    return exits.NO if fail_on_drift and report.drifted else exits.DONE


def _table(report: Report) -> str:
    rows = [HEADER, *(_row(column, report) for column in report.columns.values())]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADER) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    count = len(report.drifted)
    said = f"{count} of {len(report.columns)} columns drifted" + (f": {', '.join(report.drifted)}" if count else "")
    return "\n".join([*lines, "", f"{said} ({report.rows_current} rows against {report.rows_reference})."])


def _row(column: ColumnReport, report: Report) -> tuple[str, ...]:
    from tasks.drift.ks import dkw_band

    found, shares = column.measured, column.measured.missing
    p = found.ks_p if found.ks_p is not None else found.chi2_p
    band = "" if found.ks is None else f"±{dkw_band(report.rows_reference, report.rows_current):.3f}"
    lost = "" if shares is None or shares.current is None else f"{shares.current:.1%}"
    figures = ("" if x is None else f"{x:.3g}" for x in (found.ks, p, found.psi))
    distance, p_value, psi = figures
    return (column.name, column.kind, distance, band, p_value, psi, lost, "DRIFT" if column.drift else "", column.why)
