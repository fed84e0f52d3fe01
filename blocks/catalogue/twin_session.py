"""Run a twin: one matrix of named columns in, or one input a column, and a probability a row out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLACE = "twin/model.onnx"
TYPES: dict[str, type] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


@dataclass(frozen=True, slots=True)
class TwinSession:
    """An opened twin. columns: of its one matrix, in order; empty for a twin with an input of its own a column."""

    columns: tuple[str, ...]
    inputs: Mapping[str, type]
    run: Callable[[dict[str, NDArray[Any]]], Any]

    def on_matrix(self, rows: NDArray[Any]) -> Any:
        """Return the raw answer to a matrix of its columns."""
        ((name, dtype),) = self.inputs.items()
        return self.run({name: np.asarray(rows, dtype=dtype)})

    def on_columns(self, columns: Mapping[str, NDArray[Any]]) -> Any:
        """Return the raw answer to one array a column."""
        if self.columns:
            return self.on_matrix(np.column_stack([columns[name] for name in self.columns]))
        return self.run({name: columns[name].reshape(-1, 1).astype(dtype) for name, dtype in self.inputs.items()})


def open_twin(path: Path) -> TwinSession:
    """Return a twin, opened on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    inputs = {one.name: TYPES.get(one.type, np.object_) for one in session.get_inputs()}
    outputs = [session.get_outputs()[-1].name]
    told = session.get_modelmeta().custom_metadata_map.get("columns", "[]")
    return TwinSession(tuple(json.loads(told)), inputs, lambda feeds: session.run(outputs, feeds)[0])
