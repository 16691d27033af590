"""What several data sets share: metrics, words for features, official folds, small simulations."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

SENTIMENT_METRICS = (
    "mae",
    "corr",
    "acc2_non0",
    "acc2_has0",
    "f1_non0",
    "f1_has0",
    "acc7",
    "acc5",
    "acc3",
)
CLASS_METRICS = ("accuracy", "f1_macro", "precision_macro", "recall_macro", "f1_weighted")

COVAREP = "COVAREP, all 74 columns, 100 frames a second"
GLOVE = {300: "GloVe 840B vectors of the words"}
STATES = {768: "states of a frozen BERT", **GLOVE}  # of MMSA's files, newer and older


def official_folds(name: str) -> Mapping[str, str]:
    """Return video -> split of the official folds, from the lists of ids in `folds/<name>`."""
    folder = files("mindkit_datasets") / "folds" / name
    return {
        video: split
        for split in ("train", "valid", "test")
        for video in (folder / f"{split}.txt").read_text(encoding="utf-8").split()
    }


def scaled(splits: Mapping[str, int], scale: float) -> dict[str, int]:
    """Return the sizes of the splits times `scale` in (0, 1], at least 2 each."""
    return {split: max(2, round(count * scale)) for split, count in splits.items()}
