"""Turn an estimator into ONNX, in double precision wherever the operators allow it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.catalogue.forest import Unconvertible, forest_of

if TYPE_CHECKING:
    from mlflow.models import Model

    from blocks.catalogue.native import Native
    from blocks.catalogue.trees import Part

OPSETS = {"": 17, "ai.onnx.ml": 3}
ROWS = "rows"
COLUMNS = "columns"


def converted(native: Native, model: Model, single: bool = False) -> bytes:
    """Return an estimator as an ONNX file with probabilities as its last output.

    Its input is one matrix of named columns where the estimator takes its numbers as they come, else one input a column
    of the signature. single: single precision throughout. Raises Unconvertible with the reason.
    """
    steps = _steps(native)
    for way in (_one_matrix, _by_column):
        shape = way(steps, model, single)
        if shape is None:
            continue
        inputs, columns = shape
        try:
            return _convert(steps, inputs, columns)
        except Unconvertible:
            raise
        except Exception as error:  # noqa: BLE001  converters raise all kinds; the next way may do, or there is no twin
            failure = error
    raise Unconvertible(f"it cannot be converted: {type(failure).__name__}: {str(failure)[:200]}")


def _steps(native: Native) -> Any:
    """Return the estimator as something to convert, boosted trees replaced by their form."""
    estimator = native.estimator
    steps = list(getattr(estimator, "steps", [("model", estimator)]))
    is_booster = type(estimator).__name__ == "Booster"
    if native.method != "predict_proba" and not is_booster:
        raise Unconvertible(f"it answers by {native.method}, not by predict_proba")
    parts = parts_of(steps[-1][1])
    if parts is None:
        return estimator
    from sklearn.pipeline import Pipeline

    from blocks.catalogue.trees import Trees

    return Pipeline([*steps[:-1], ("trees", Trees(parts))])


def parts_of(estimator: Any) -> list[Part] | None:
    """Return the parts of boosted trees, calibrated by a sigmoid or as they are; None for any other estimator."""
    from blocks.catalogue.trees import Part

    forest = forest_of(estimator)
    if forest is not None:
        return [Part(forest, [(1.0, 0.0)] if forest.is_raw else [])]
    if type(estimator).__name__ != "CalibratedClassifierCV" or getattr(estimator, "method", "") != "sigmoid":
        return None
    parts = []
    for one in estimator.calibrated_classifiers_:
        inner = forest_of(one.estimator)
        if inner is None:
            return None
        (sigmoid,) = one.calibrators
        last = (-float(sigmoid.a_), -float(sigmoid.b_))
        # scikit-learn calibrates the raw score where there is one, else the probability
        is_done = hasattr(one.estimator, "decision_function") or not inner.is_raw
        parts.append(Part(inner, [last] if is_done else [(1.0, 0.0), last]))
    return parts


def _one_matrix(steps: Any, model: Model, single: bool) -> tuple[list[tuple[str, Any]], list[str]] | None:
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    kind = FloatTensorType if single else DoubleTensorType
    first = steps.steps[0][1] if hasattr(steps, "steps") else steps
    inputs = model.signature.inputs
    if is_linear_map(first):
        columns = list(first.columns)
    elif inputs.is_tensor_spec():
        columns = [str(place) for place in range(int(inputs.inputs[0].shape[-1]))]
    elif all(spec.type.name in ("double", "float", "long", "integer") for spec in inputs.inputs):
        columns = [spec.name for spec in inputs.inputs]
    else:
        return None
    return [(ROWS, kind([None, len(columns)]))], columns


def _by_column(steps: Any, model: Model, single: bool) -> tuple[list[tuple[str, Any]], list[str]] | None:
    from skl2onnx.common import data_types as types

    if model.signature.inputs.is_tensor_spec():
        return None
    number = types.FloatTensorType if single else types.DoubleTensorType
    kinds = {"string": types.StringTensorType, "boolean": types.BooleanTensorType}
    inputs = [(spec.name, kinds.get(spec.type.name, number)([None, 1])) for spec in model.signature.inputs.inputs]
    return inputs, []


def _convert(steps: Any, inputs: list[tuple[str, Any]], columns: list[str]) -> bytes:
    from skl2onnx import convert_sklearn, update_registered_converter

    from blocks.catalogue.trees import Trees

    update_registered_converter(Trees, "GamenightTrees", _shape_of_trees, _write_trees)
    for _, step in getattr(steps, "steps", ()):
        if is_linear_map(step):
            update_registered_converter(type(step), f"Gamenight{type(step).__name__}", _shape_of_map, _write_map)
    options = {"zipmap": False} if hasattr(getattr(steps, "steps", [("", steps)])[-1][1], "predict_proba") else None
    made = convert_sklearn(steps, initial_types=inputs, options=options, target_opset=OPSETS)
    entry = made.metadata_props.add()
    entry.key, entry.value = COLUMNS, json.dumps(columns)
    return bytes(made.SerializeToString())


def is_linear_map(step: Any) -> bool:
    """Return whether a transformer is `X[columns] @ matrix` and says so by these two attributes."""
    return isinstance(getattr(step, "matrix", None), np.ndarray) and isinstance(getattr(step, "columns", None), list)


def _dtype(operator: Any) -> type:
    from skl2onnx.common.data_types import FloatTensorType

    return np.float32 if isinstance(operator.inputs[0].type, FloatTensorType) else np.float64


def _shape_of_map(operator: Any) -> None:
    width = operator.raw_operator.matrix.shape[1]
    operator.outputs[0].type = type(operator.inputs[0].type)([None, width])


def _write_map(scope: Any, operator: Any, container: Any) -> None:
    from skl2onnx.algebra.onnx_ops import OnnxMatMul

    matrix = operator.raw_operator.matrix.astype(_dtype(operator))
    node = OnnxMatMul(operator.inputs[0], matrix, op_version=container.target_opset, output_names=operator.outputs)
    node.add_to(scope, container)


def _shape_of_trees(operator: Any) -> None:
    from skl2onnx.common.data_types import DoubleTensorType

    operator.outputs[0].type = DoubleTensorType([None, 1])


def _write_trees(scope: Any, operator: Any, container: Any) -> None:
    from onnx import TensorProto

    rows, answers = operator.inputs[0].full_name, []
    for part in operator.raw_operator.parts:
        doubles = rows
        if part.forest.is_single:
            doubles = _cast(container, scope, _cast(container, scope, rows, TensorProto.FLOAT), TensorProto.DOUBLE)
        total = scope.get_unique_variable_name("sum")
        name = scope.get_unique_operator_name("trees")
        container.add_node(
            "TreeEnsembleRegressor",
            doubles,
            total,
            op_domain="ai.onnx.ml",
            op_version=3,
            name=name,
            **part.forest.attributes(),
        )
        answer = _cast(container, scope, total, TensorProto.DOUBLE)
        answer = _with(container, scope, "Add", answer, part.forest.base)
        for slope, offset in part.stages:
            scaled = _with(container, scope, "Mul", answer, slope)
            answer = _node(container, scope, "Sigmoid", [_with(container, scope, "Add", scaled, offset)], 13)
        answers.append(answer)
    total = answers[0]
    for answer in answers[1:]:
        total = _node(container, scope, "Add", [total, answer], 14)
    mean = _with(container, scope, "Mul", total, 1 / len(answers))
    container.add_node("Identity", mean, operator.outputs[0].full_name, op_version=16)


def _cast(container: Any, scope: Any, name: str, to: int) -> str:
    return _node(container, scope, "Cast", [name], 13, to=to)


def _with(container: Any, scope: Any, kind: str, name: str, number: float) -> str:
    from onnx import TensorProto

    constant = scope.get_unique_variable_name("constant")
    container.add_initializer(constant, TensorProto.DOUBLE, [1], [number])
    return _node(container, scope, kind, [name, constant], 14)


def _node(container: Any, scope: Any, kind: str, names: list[str], version: int, **attributes: Any) -> str:
    made = scope.get_unique_variable_name(kind.lower())
    container.add_node(kind, names, made, op_version=version, name=scope.get_unique_operator_name(kind), **attributes)
    return str(made)
