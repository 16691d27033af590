"""What a method has to beat: a constant, and linear models of the features, as finished runs.

Regression is ridge with the penalty chosen by cross-validation within train, classification
logistic regression; the constant is the median of train, or its shares of the classes. Nothing is
chosen on validation or test, so there is one run and no seed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from torch import Tensor

from mindkit.config.files import config_root
from mindkit.config.spec import Spec
from mindkit.data.files import write_text
from mindkit.data.home import cache_folder
from mindkit.data.library import open_store
from mindkit.data.prepare import prepare
from mindkit.data.store import Column, Store
from mindkit.errors import MindkitError
from mindkit.kinds import Encoder
from mindkit.model.instantiate import create
from mindkit.registry import Registries
from mindkit.study.study import RowRuns
from mindkit.train.device import choose_device
from mindkit.train.evaluate import score
from mindkit.train.run import (
    RunResult,
    environment_of,
    plugin_code,
    predictions_table,
    stamps_of,
)
from mindkit.train.selection import metrics_of

Array = NDArray[np.floating]
Parts = dict[str, Array]  # split -> (N, F)


class AsIs(Encoder):
    """Feeds a column as the treatments of `data:` leave it. Shapes: x (B, F) -> (B, F)."""

    accepts = ("sequence", "vector")

    def forward(self, x: Tensor) -> Tensor:
        return x


def baselines(spec: Spec, registries: Registries, out: Path, fresh: bool = False) -> list[RowRuns]:
    """Return the rows "constant" and "linear, …" for the data and the modalities of `spec`.

    Linear rows: of text, and of all modalities together; text is left out where its encoder, that
    of configs/baselines.yaml, cannot read it. Each is a run folder as any other, read when it is
    finished.
    """
    raw = open_store(spec.data, registries)
    encoders = _encoders(raw, spec, registries)
    store = prepare(raw, encoders, spec.data, cache_folder())
    rows: list[tuple[str, tuple[str, ...]]] = [("constant", ())]
    if "text" in encoders:
        rows.append(("linear, text", ("text",)))
    if len(encoders) > 1 or "text" not in encoders:
        rows.append((f"linear, {' + '.join(encoders)}", tuple(encoders)))
    return [
        RowRuns(name, (_run(name, modalities, spec, registries, store, out, fresh),))
        for name, modalities in rows
        if modalities or name == "constant"
    ]


def _encoders(store: Store, spec: Spec, registries: Registries) -> dict[str, Encoder]:
    """What makes each modality of the method a column of numbers, where that can be done."""
    columns = store.splits["train"].columns
    found: dict[str, Encoder] = {}
    for modality in spec.method.modalities:
        kind = columns[modality].kind if modality in columns else None
        if kind in AsIs.accepts:
            found[modality] = AsIs()
        elif kind is not None and modality == "text":
            options = yaml.safe_load((config_root() / "baselines.yaml").read_text("utf-8"))["text"]
            encoder = create(registries, "encoders", options.pop("type"), width=1, **options)
            if kind in encoder.accepts:
                found[modality] = encoder
    return found


def _run(
    name: str,
    modalities: Sequence[str],
    spec: Spec,
    registries: Registries,
    store: Store,
    out: Path,
    fresh: bool,
) -> RunResult:
    config: dict[str, Any] = {
        "name": name,
        "modalities": list(modalities),
        "text": (config_root() / "baselines.yaml").read_text("utf-8"),
        "data": spec.resolved["data"],
    }
    digest = hashlib.sha256(json.dumps([config, store.digest]).encode()).hexdigest()[:8]
    words = "-".join(re.findall("[a-z0-9]+", name))
    folder = out / f"{words}-{store.name}-{digest}"
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    if (folder / "metrics.json").is_file():
        return RunResult.read(folder)
    began = time.monotonic()
    predictions, parameters = _predictions(modalities, store)
    metrics = metrics_of(spec, registries, store)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the correlation of a constant is not a number
        scores = {
            split: score(values, store.splits[split], store.task, metrics)
            for split, values in predictions.items()
        }
    stamps = stamps_of(spec, store)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "config.yaml", yaml.safe_dump(config, sort_keys=False))
    surroundings = environment_of(store, choose_device("cpu"), plugin_code(registries))
    write_text(
        folder / "environment.json", json.dumps({"stamps": stamps, **surroundings}, indent=2)
    )
    write_text(folder / "predictions.csv", predictions_table(store, predictions, stamps))
    result = RunResult(
        folder=folder,
        method=name,
        dataset=store.name,
        seed=0,
        valid=scores["valid"],
        test=scores["test"],
        selection={"split": "none", "metric": metrics[0], "value": scores["valid"][metrics[0]]},
        epoch=0,
        epochs=0,
        parameters=parameters,
        seconds=round(time.monotonic() - began, 1),
        stamps=stamps,
        dropped=(),
        data=store.describe(),
    )
    result.write()
    return result


def _predictions(modalities: Sequence[str], store: Store) -> tuple[Parts, int]:
    """Predictions (N, C) of the validation and test split, and how many numbers were fitted."""
    target = store.splits["train"].target.numpy()
    splits = ("valid", "test")
    if not modalities:
        if store.task == "regression":
            constant = np.array([np.median(target)])
        else:
            counts = np.bincount(target, minlength=store.num_outputs)
            constant = np.log(np.maximum(counts, 0.5) / len(target))
        predictions = {n: np.tile(constant, (len(store.splits[n].ids), 1)) for n in splits}
        return predictions, len(constant)
    features = {name: _features(store, name, modalities) for name in ("train", *splits)}
    return _linear(features, target, store)


def _linear(features: Parts, target: Array, store: Store) -> tuple[Parts, int]:
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if store.task == "regression":
        model = RidgeCV(np.logspace(-2, 6, 33))
    else:
        model = LogisticRegression(C=0.01, max_iter=2000)
    pipeline = make_pipeline(StandardScaler(), model).fit(features["train"], target)
    parameters = int(np.size(model.coef_) + np.size(model.intercept_))
    if store.task == "regression":
        return {n: pipeline.predict(features[n])[:, None] for n in ("valid", "test")}, parameters
    predictions = {}
    for name in ("valid", "test"):
        scores = np.full((len(features[name]), store.num_outputs), -1e9)
        scores[:, model.classes_] = pipeline.predict_log_proba(features[name])
        predictions[name] = scores
    return predictions, parameters


def _features(store: Store, split: str, modalities: Sequence[str]) -> Array:
    columns = store.splits[split].columns
    return np.concatenate([vectors(columns[modality]) for modality in modalities], axis=1)


def vectors(column: Column) -> Array:
    """Return one vector a sample, (N, F): itself, or mean and deviation over time, (N, 2F)."""
    if not column.has_width:
        raise MindkitError(
            f"a {column.kind} column ({column.provenance}) has no features for a linear model; "
            "give configs/baselines.yaml an encoder that makes vectors of it"
        )
    values = np.asarray(column.values, dtype=np.float64)
    if column.offsets is None:
        return values
    bounds = column.offsets.numpy()
    count = np.diff(bounds)[:, None]
    mean = np.add.reduceat(values, bounds[:-1]) / count
    square = np.add.reduceat(values**2, bounds[:-1]) / count
    return np.concatenate([mean, np.sqrt(np.maximum(square - mean**2, 0))], axis=1)
