"""How much more than sorting a window does its drift report cost? Run by hand: python tests/benchmarks/drift.py."""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from tasks.drift.profile import ColumnProfile, Profile, profile
from tasks.drift.report import compare


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sort_all(frame: pd.DataFrame, threads: int) -> None:
    """Sort every column in threads, and keep none."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda name: np.sort(frame[name].to_numpy()).size, frame.columns))


def window(rows: int, columns: int, seed: int) -> pd.DataFrame:
    """Return independent normal columns, each in its own memory."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({f"c{k:02d}": rng.normal(size=rows) for k in range(columns)}, copy=False)


def reference_of(rows: int, columns: int, distinct: int) -> Profile:
    """Return a reference; beyond `distinct` columns samples are shared, to spare memory that is no part of the cost."""
    made = profile(window(rows, distinct, seed=1)).columns
    shared: list[ColumnProfile] = list(made.values())
    return Profile(rows, {f"c{k:02d}": shared[k % distinct] for k in range(columns)})


def peak_megabytes() -> float:
    """Return the highest resident memory of this process so far (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    """Print the ratio of the whole report to a plain sort of the same window, in the same threads."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rows", type=float, default=1e6)
    ask.add_argument("--columns", type=int, default=50)
    ask.add_argument("--repeats", type=int, default=5)
    ask.add_argument("--distinct", type=int, default=50, help="reference columns with memory of their own")
    given = ask.parse_args()
    threads, rows = os.cpu_count() or 1, int(given.rows)
    reference = reference_of(rows, given.columns, min(given.distinct, given.columns))
    current = window(rows, given.columns, seed=2)
    gc.collect()
    compare(reference, current.iloc[:1000])
    Path("/proc/self/clear_refs").write_text("5")
    before = peak_megabytes()
    ratios = []
    for _ in range(given.repeats):
        plain = seconds(lambda: sort_all(current, threads))
        whole = seconds(lambda: compare(reference, current))
        ratios.append(whole / plain)
        print(f"sort {plain:6.2f} s   report {whole:6.2f} s   ratio {whole / plain:.2f}", flush=True)
    said = f"{rows:,} x {given.columns}, {threads} threads: median ratio {np.median(ratios):.2f}"
    column = rows * 8 / 2**20
    print(f"{said}; memory above both windows {(peak_megabytes() - before) / column:.1f} columns")


if __name__ == "__main__":
    main()
