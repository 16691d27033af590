"""CMU-MOSI: sentiment of opinion clips from 93 videos, a real number in [-3, 3]."""

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

TRAINED_ON_LABELS = (
    "it is the output of a network trained with the sentiment labels of 62 videos, to which 558 of "
    "the 686 official test clips belong, so that test labels leak into training"
)


class Mosi(Dataset):
    """2199 clips in the official folds by video (Zadeh et al. 2016); metrics as in MInD, section 4.

    Its simulated stand-in has those folds, word texts, and audio and vision of 74 and 47 features
    aligned to the words, the widths of COVAREP and Facet 4.1.
    """

    task = "regression"
    label_range = (-3.0, 3.0)
    metrics = SENTIMENT_METRICS
    splits: ClassVar = {"train": 1284, "valid": 229, "test": 686}
    counts: ClassVar = {
        "that the CMU SDK aligns to words": {"train": 1283, "valid": 214, "test": 686}
    }
    features: ClassVar = {
        "text": GLOVE,
        "text_states": STATES,
        "audio": {
            74: COVAREP,
            73: "COVAREP without its last column",
            5: "a selection of 5 COVAREP columns, from early work",
        },
        "vision": {
            47: "Facet 4.1",
            35: "Facet 4.2",
            20: "a selection of 20 Facet columns, from early work",
            100: "output of bc-LSTM's 3D-CNN, which was trained with sentiment labels",
        },
    }
    known_files: ClassVar = {
        "78e0f8b5ef8ff71558e7307848fc1fa929ecb078203f565ab22b9daab2e02524": (
            "unaligned_50.pkl of MMSA"
        ),
        "d3994fd25681f9c7ad6e9c6596a6fe9b4beb85ff7d478ba978b124139002e5f9": (
            "aligned_50.pkl of MMSA"
        ),
    }
    known_leaks: ClassVar = {  # mosi_utterance.npz, with the features of bc-LSTM
        "39f84a12a760b673c03fe7da7a0904f7f00c9eef877fbb606acbf89edd3e8bfd": {
            "split": {"vision": TRAINED_ON_LABELS, "text_cnn": TRAINED_ON_LABELS}
        }
    }

    @classmethod
    def folds(cls) -> Mapping[str, str]:
        """Return video -> split for all 93 videos, as the CMU SDK has them."""
        return official_folds("mosi")

    def simulate(self, seed: int = 0, scale: float = 1.0) -> Store:
        """Return simulated clips; `scale` in (0, 1] shrinks every split alike."""
        return simulate(
            Recipe(
                name="mosi",
                splits=scaled(self.splits, scale),
                videos={"train": 52, "valid": 10, "test": 31},
                signals={
                    "audio": Signal(74, shared=0.1, private=0.25),
                    "vision": Signal(47, shared=0.1, private=0.25),
                },
                shares={"shared": 0.7, "text": 0.5, "audio": 0.4, "vision": 0.35, "error": 0.2},
                phrases=SENTIMENT,
                fillers=FILLERS,
                label_range=self.label_range,
                label_mean=0.1,
                label_deviation=1.6,
                words=8.0,
                error=0.8,
            ),
            seed,
        )
