"""Constant and linear predictors on an imported data set: what a method has to beat.

python benchmarks/quality/baselines.py --data ../shared/data/mosi_utterance.npz
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mindkit.config.spec import Data
from mindkit.data.home import cache_folder
from mindkit.data.library import open_store
from mindkit.data.prepare import prepare
from mindkit.data.store import Store
from mindkit.hooks import load_plugins
from mindkit.train.metrics import compute

METRICS = ("mae", "corr", "acc2_non0", "acc2_has0", "acc7")


def features(store: Store, split: str, modality: str) -> np.ndarray:
    """Return one modality of a split as an array (N, F)."""
    return np.asarray(store.splits[split].columns[modality].values)


def main() -> None:
    """Print a Markdown table of test scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="mosi")
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default="minilm")
    arguments = parser.parse_args()

    registries = load_plugins().registries
    data = Data(name=arguments.dataset, path=arguments.data)
    store = open_store(data, registries)
    encoders = {
        "text": registries.encoders.get("bert")(width=1, model=arguments.model, tune="none"),
        "audio": registries.encoders.get("vector")(x_dim=1, width=1),
    }
    prepared = prepare(store, encoders, data, cache_folder())
    target = {name: split.target.numpy() for name, split in prepared.splits.items()}

    print("| predictor | " + " | ".join(METRICS) + " |")
    print("|---" * (len(METRICS) + 1) + "|")
    median = np.full_like(target["test"], np.median(target["train"]))
    rows = {"constant (median of train)": median}
    for modalities in (["text"], ["audio"], ["text", "audio"]):
        x = {
            name: np.concatenate([features(prepared, name, m) for m in modalities], axis=1)
            for name in ("train", "test")
        }
        ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 6, 33)))
        ridge.fit(x["train"], target["train"])
        rows["ridge, " + " + ".join(modalities)] = ridge.predict(x["test"])
    for name, prediction in rows.items():
        scores = compute(METRICS, prediction, target["test"])
        print(f"| {name} | " + " | ".join(f"{scores[m]:.3f}" for m in METRICS) + " |")


if __name__ == "__main__":
    main()
