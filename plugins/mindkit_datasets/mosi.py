"""CMU-MOSI: sentiment of opinion clips from 93 videos, a real number in [-3, 3]."""

from __future__ import annotations

from typing import ClassVar

from mindkit.api import Dataset, Recipe, Signal, Store, simulate
from mindkit_datasets.conventions import SENTIMENT_METRICS
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
    known_leaks: ClassVar = {  # mosi_utterance.npz, with the features of bc-LSTM
        "39f84a12a760b673c03fe7da7a0904f7f00c9eef877fbb606acbf89edd3e8bfd": {
            "split": {"vision": TRAINED_ON_LABELS, "text_cnn": TRAINED_ON_LABELS}
        }
    }

    def simulate(self, seed: int = 0) -> Store:
        """Return simulated clips in which each modality tells something of its own."""
        return simulate(
            Recipe(
                name="mosi",
                splits=self.splits,
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
