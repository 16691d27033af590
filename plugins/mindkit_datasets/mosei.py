"""CMU-MOSEI: sentiment of opinion clips from 3228 videos, a real number in [-3, 3]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mindkit.api import Dataset, Recipe, Signal, Store, simulate
from mindkit_datasets.conventions import (
    COVAREP,
    GLOVE,
    SENTIMENT_METRICS,
    STATES,
    official_folds,
    scaled,
)
from mindkit_datasets.wording import FILLERS, SENTIMENT


class Mosei(Dataset):
    """22856 clips in the folds of the usual feature files (Zadeh et al. 2018).

    Its simulated stand-in has those folds, word texts, and audio and vision of 74 and 35 features
    aligned to the words, the widths of COVAREP and Facet 4.2.
    """

    task = "regression"
    label_range = (-3.0, 3.0)
    metrics = SENTIMENT_METRICS
    splits: ClassVar = {"train": 16326, "valid": 1871, "test": 4659}
    counts: ClassVar = {
        "that the CMU SDK aligns with imputation": {"train": 16327, "valid": 1871, "test": 4662},
        "that the CMU SDK aligns without imputation": {"train": 16322, "valid": 1871, "test": 4659},
    }
    features: ClassVar = {
        "text": GLOVE,
        "text_states": STATES,
        "audio": {74: COVAREP},
        "vision": {35: "Facet 4.2"},
    }
    known_files: ClassVar = {
        "ad8b23d50557045e7d47959ce6c5b955d8d983f2979c7d9b7b9226f6dd6fec1f": (
            "unaligned_50.pkl of MMSA"
        ),
        "45eccfb748a87c80ecab9bfac29582e7b1466bf6605ff29d3b338a75120bf791": (
            "aligned_50.pkl of MMSA"
        ),
    }

    @classmethod
    def folds(cls) -> Mapping[str, str]:
        """Return video -> split as the CMU SDK has it, for 3217 of the 3227 videos in its lists."""
        return official_folds("mosei")

    def simulate(self, seed: int = 0, scale: float = 1.0) -> Store:
        """Return simulated clips; `scale` in (0, 1] shrinks every split alike."""
        return simulate(
            Recipe(
                name="mosei",
                splits=scaled(self.splits, scale),
                videos={"train": 2249, "valid": 300, "test": 678},
                signals={
                    "audio": Signal(74, shared=0.1, private=0.25),
                    "vision": Signal(35, shared=0.1, private=0.25),
                },
                shares={"shared": 0.7, "text": 0.5, "audio": 0.4, "vision": 0.35, "error": 0.3},
                phrases=SENTIMENT,
                fillers=FILLERS,
                label_range=self.label_range,
                label_mean=0.2,
                label_deviation=1.15,
                label_step=1 / 3,
                words=14.0,
            ),
            seed,
        )
