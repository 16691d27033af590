"""Constant and linear predictors on a data set: what a method has to beat.

python benchmarks/quality/baselines.py --dataset mosi --data ../shared/data/mosi_utterance.npz
python benchmarks/quality/baselines.py --dataset mintrec        # the imported copy

Text is taken as TF-IDF of its words and as frozen MiniLM; audio and vision as vectors, or as mean
and deviation over time. Regression is ridge with the penalty chosen by cross-validation on train,
classification logistic regression; nothing is chosen on validation or test.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mindkit.config.spec import Data
from mindkit.data.home import cache_folder
from mindkit.data.library import open_store
from mindkit.data.store import Column, Store
from mindkit.hooks import load_plugins
from mindkit.train.metrics import compute

Array = NDArray[np.floating]
Parts = dict[str, Array]  # split -> (N, F)


def vectors(column: Column) -> Array:
    """Return one vector a sample: itself, or mean and deviation over time."""
    values = np.asarray(column.values, dtype=np.float64)
    if column.offsets is None:
        return values
    bounds = column.offsets.numpy()
    count = np.diff(bounds)[:, None]
    mean = np.add.reduceat(values, bounds[:-1]) / count
    square = np.add.reduceat(values**2, bounds[:-1]) / count
    return np.concatenate([mean, np.sqrt(np.maximum(square - mean**2, 0))], axis=1)


def features(store: Store, leaky: bool) -> Iterator[tuple[str, Parts]]:
    """Yield a name and the vectors of each split, by what they are made from."""
    parts: dict[str, Parts] = {}
    splits = store.splits
    columns = splits["train"].columns
    if "text" in columns and columns["text"].kind == "text":
        tfidf = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
        tfidf.fit(splits["train"].columns["text"].values)
        yield "TF-IDF", {n: tfidf.transform(s.columns["text"].values) for n, s in splits.items()}
        encoder = load_plugins().registries.encoders.get("bert")(width=1, tune="none")
        parts["MiniLM"] = {
            n: np.asarray(encoder.prepare(s.columns["text"], cache_folder()).values)
            for n, s in splits.items()
        }
    for modality in ("audio", "vision"):
        if modality in columns and (leaky or modality not in store.leaky):
            parts[modality] = {n: vectors(s.columns[modality]) for n, s in splits.items()}
    yield from parts.items()
    if len(parts) > 1:
        together = {n: np.concatenate([one[n] for one in parts.values()], axis=1) for n in splits}
        yield " + ".join(parts), together


def predicted(x: Parts, target: dict[str, Array], task: str) -> Array:
    """Return test predictions (N,), or class scores (N, C), of the linear model."""
    sparse = not isinstance(x["train"], np.ndarray)
    scaler = StandardScaler(with_mean=not sparse)
    if task == "regression":
        penalties = np.logspace(-2, 6, 33 if not sparse else 9)
        steps = [RidgeCV(penalties)] if sparse else [scaler, RidgeCV(penalties)]
        return make_pipeline(*steps).fit(x["train"], target["train"]).predict(x["test"])
    model = LogisticRegression(C=10.0 if sparse else 0.01, max_iter=2000)
    pipeline = make_pipeline(model) if sparse else make_pipeline(scaler, model)
    pipeline.fit(x["train"], target["train"])
    return pipeline.predict_log_proba(x["test"])


def constant(target: dict[str, Array], store: Store) -> Array:
    """Return the median of train, or the scores of its most frequent class."""
    if store.task == "regression":
        return np.full(len(target["test"]), np.median(target["train"]))
    counts = np.bincount(target["train"], minlength=store.num_outputs)
    return np.tile(counts, (len(target["test"]), 1)).astype(float)


def main() -> None:
    """Print a Markdown table of test scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="mosi")
    parser.add_argument("--data", help="a file or folder; the imported copy unless given")
    parser.add_argument("--leaky", action="store_true", help="use features known to leak, too")
    arguments = parser.parse_args()
    registries = load_plugins().registries
    data = Data(name=arguments.dataset, path=arguments.data, simulate=False)
    store = open_store(data, registries)
    metrics = (store.metrics or registries.datasets.get(store.name).metrics)[:7]
    target = {name: split.target.numpy() for name, split in store.splits.items()}
    print("| predictor | " + " | ".join(metrics) + " |")
    print("|---" * (len(metrics) + 1) + "|")

    def row(name: str, prediction: Array) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the correlation of a constant
            scores = compute(metrics, prediction, target["test"])
        print(f"| {name} | " + " | ".join(f"{scores[m]:.3f}" for m in metrics) + " |", flush=True)

    row("constant", constant(target, store))
    for name, x in features(store, arguments.leaky):
        row(f"linear, {name}", predicted(x, target, store.task))


if __name__ == "__main__":
    main()
