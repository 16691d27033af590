"""CH-SIMS: sentiment of clips from Chinese films and series, a real number in [-1, 1]."""

from __future__ import annotations

from typing import ClassVar

from mindkit.api import Dataset, Recipe, Signal, Store, simulate
from mindkit_datasets.conventions import STATES, scaled
from mindkit_datasets.wording import FILLERS, SENTIMENT


class Sims(Dataset):
    """2281 clips in the folds of MMSA's file (Yu et al. 2020); metrics as there.

    Text is Chinese: `encoders.text.model` must be a Chinese BERT, or `data.columns` take the stored
    states. The labels of single modalities become the columns label_text, label_audio and
    label_vision. Its simulated stand-in has those folds, audio and vision of 33 and 709 features,
    and English words; unlike in the real set, with one step a word.
    """

    task = "regression"
    label_range = (-1.0, 1.0)
    metrics = ("sims_mae", "sims_corr", "sims_acc2", "sims_f1", "sims_acc3", "sims_acc5")
    splits: ClassVar = {"train": 1368, "valid": 456, "test": 457}
    counts: ClassVar = {"version 2": {"train": 2722, "valid": 647, "test": 1034}}
    features: ClassVar = {
        "text_states": STATES,
        "audio": {33: "LibROSA's pitch, MFCC and constant-Q chroma, from MMSA"},
        "vision": {709: "OpenFace 2.0, from MMSA"},
    }
    known_files: ClassVar = {
        "c9e20c13ec0454d98bb9c1e520e490c75146bfa2dfeeea78d84de047dbdd442f": (
            "unaligned_39.pkl of MMSA"
        ),
    }

    def simulate(self, seed: int = 0, scale: float = 1.0) -> Store:
        """Return simulated clips; `scale` in (0, 1] shrinks every split alike."""
        return simulate(
            Recipe(
                name="sims",
                splits=scaled(self.splits, scale),
                videos={"train": 36, "valid": 12, "test": 12},
                signals={
                    "audio": Signal(33, shared=0.1, private=0.25),
                    "vision": Signal(709, shared=0.1, private=0.25),
                },
                shares={"shared": 0.7, "text": 0.5, "audio": 0.4, "vision": 0.35, "error": 0.2},
                phrases=SENTIMENT,
                fillers=FILLERS,
                label_range=self.label_range,
                label_mean=-0.1,
                label_deviation=0.6,
                words=9.0,
                error=0.8,
            ),
            seed,
        )
