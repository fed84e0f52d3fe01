"""Boosted trees of three libraries in one form, with their thresholds in double precision.

skl2onnx writes thresholds as single-precision numbers, and a rating difference that lies between a threshold and its
rounded copy then falls into another leaf: on the demo's boosted model that moved a forecast by up to 0.04.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np


class Unconvertible(Exception):
    """A model has no faithful twin; the text says why."""


@dataclass(slots=True)
class Forest:
    """Trees as ONNX takes them: one row a node.

    is_single: the library rounds its inputs to single precision first. is_raw: the sum still goes through a sigmoid.
    """

    is_single: bool = False
    is_raw: bool = True
    base: float = 0.0
    tree: list[int] = field(default_factory=list)
    node: list[int] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    mode: list[str] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    missing_left: list[int] = field(default_factory=list)
    leaf: list[float] = field(default_factory=list)

    def split(self, place: tuple[int, int], test: tuple[int, str, float], ways: tuple[int, int, bool]) -> None:
        """Add an inner node. place: tree, node; test: feature, mode, threshold; ways: left, right, missing left."""
        self._add(place, test, (ways[0], ways[1], int(ways[2])), math.nan)

    def end(self, place: tuple[int, int], value: float) -> None:
        """Add a leaf."""
        self._add(place, (0, "LEAF", 0.0), (0, 0, 0), value)

    def _add(
        self, place: tuple[int, int], test: tuple[int, str, float], ways: tuple[int, int, int], leaf: float
    ) -> None:
        self.tree.append(place[0])
        self.node.append(place[1])
        self.feature.append(test[0])
        self.mode.append(test[1])
        self.threshold.append(test[2])
        self.left.append(ways[0])
        self.right.append(ways[1])
        self.missing_left.append(ways[2])
        self.leaf.append(leaf)

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of ONNX's TreeEnsembleRegressor."""
        from onnx import numpy_helper

        ends = [place for place, mode in enumerate(self.mode) if mode == "LEAF"]
        leaves = np.array([self.leaf[place] for place in ends])
        return {
            "nodes_treeids": self.tree,
            "nodes_nodeids": self.node,
            "nodes_featureids": self.feature,
            "nodes_modes": self.mode,
            "nodes_values_as_tensor": numpy_helper.from_array(np.array(self.threshold), "thresholds"),
            "nodes_truenodeids": self.left,
            "nodes_falsenodeids": self.right,
            "nodes_missing_value_tracks_true": self.missing_left,
            "target_treeids": [self.tree[place] for place in ends],
            "target_nodeids": [self.node[place] for place in ends],
            "target_ids": [0] * len(ends),
            "target_weights_as_tensor": numpy_helper.from_array(leaves, "leaves"),
            "n_targets": 1,
            "aggregate_function": "SUM",
            "post_transform": "NONE",
        }


def forest_of(estimator: Any) -> Forest | None:
    """Return the trees of a binary classifier whose score is a sum over trees; None for any other estimator.

    Raises Unconvertible for one of these libraries in a form that has no faithful copy.
    """
    name, module = type(estimator).__name__, type(estimator).__module__.split(".")[0]
    if module == "sklearn" and name == "HistGradientBoostingClassifier":
        return _histogram(estimator)
    if module == "sklearn" and name in ("RandomForestClassifier", "ExtraTreesClassifier", "DecisionTreeClassifier"):
        return _averaged(estimator)
    if module == "lightgbm":
        return _lightgbm(getattr(estimator, "booster_", estimator))
    if module == "xgboost":
        return _xgboost(estimator.get_booster() if hasattr(estimator, "get_booster") else estimator)
    return None


def _histogram(estimator: Any) -> Forest:
    if estimator.n_trees_per_iteration_ != 1:
        raise Unconvertible("it has more than two classes")
    made = Forest(base=float(np.ravel(estimator._baseline_prediction)[0]))
    for tree, (predictor,) in enumerate(estimator._predictors):
        for number, node in enumerate(predictor.nodes):
            if node["is_leaf"]:
                made.end((tree, number), float(node["value"]))
                continue
            if node["is_categorical"]:
                raise Unconvertible("it splits on categories")
            test = (int(node["feature_idx"]), "BRANCH_LEQ", float(node["num_threshold"]))
            ways = (int(node["left"]), int(node["right"]), bool(node["missing_go_to_left"]))
            made.split((tree, number), test, ways)
    return made


def _averaged(estimator: Any) -> Forest:
    """Return a random forest: the mean of its trees' shares of class 1, on inputs rounded to single precision."""
    if len(estimator.classes_) != 2 or getattr(estimator, "n_outputs_", 1) != 1:
        raise Unconvertible("it has not two classes")
    members = getattr(estimator, "estimators_", [estimator])
    made = Forest(is_single=True, is_raw=False)
    for tree, member in enumerate(members):
        inner = member.tree_
        shares = inner.value[:, 0, 1] / inner.value[:, 0, :].sum(axis=1) / len(members)
        missing = inner.__getstate__()["nodes"]["missing_go_to_left"]
        for number, left in enumerate(inner.children_left):
            if left == -1:
                made.end((tree, number), float(shares[number]))
                continue
            test = (int(inner.feature[number]), "BRANCH_LEQ", float(inner.threshold[number]))
            made.split((tree, number), test, (int(left), int(inner.children_right[number]), bool(missing[number])))
    return made


def _lightgbm(booster: Any) -> Forest:
    dump = booster.dump_model()
    objective = str(dump.get("objective", ""))
    if not objective.startswith("binary") or dump.get("average_output"):
        raise Unconvertible(f"its LightGBM objective is {objective or 'unknown'}; only boosted binary ones are known")
    if "sigmoid:1" not in objective.split():
        raise Unconvertible(f"its LightGBM objective is {objective}; only sigmoid:1 is known")
    made = Forest()
    for tree, info in enumerate(dump["tree_info"]):
        numbers = iter(range(1 << 30))
        _lightgbm_node(made, tree, next(numbers), info["tree_structure"], numbers)
    return made


def _lightgbm_node(made: Forest, tree: int, number: int, node: dict[str, Any], numbers: Iterator[int]) -> None:
    if "split_feature" not in node:
        made.end((tree, number), float(node["leaf_value"]))
        return
    if node["decision_type"] != "<=" or node["missing_type"] not in ("None", "NaN"):
        raise Unconvertible(f"it splits by {node['decision_type']} with missing values as {node['missing_type']}")
    threshold = float(node["threshold"])
    missing_left = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0.0
    left, right = next(numbers), next(numbers)
    made.split((tree, number), (int(node["split_feature"]), "BRANCH_LEQ", threshold), (left, right, missing_left))
    _lightgbm_node(made, tree, left, node["left_child"], numbers)
    _lightgbm_node(made, tree, right, node["right_child"], numbers)


def _xgboost(booster: Any) -> Forest:
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    kind, objective = learner["gradient_booster"]["name"], learner["objective"]["name"]
    if kind != "gbtree" or objective != "binary:logistic":
        raise Unconvertible(f"it is {kind} with {objective}; only gbtree with binary:logistic is known")
    prior = float(str(learner["learner_model_param"]["base_score"]).strip("[]"))
    made = Forest(is_single=True, base=math.log(prior / (1 - prior)))
    for tree, one in enumerate(learner["gradient_booster"]["model"]["trees"]):
        if any(one["split_type"]):
            raise Unconvertible("it splits on categories")
        for number, left in enumerate(one["left_children"]):
            value = float(np.float32(one["split_conditions"][number]))
            if left == -1:
                made.end((tree, number), value)
                continue
            ways = (int(left), int(one["right_children"][number]), bool(one["default_left"][number]))
            made.split((tree, number), (int(one["split_indices"][number]), "BRANCH_LT", value), ways)
    return made
