"""MELD by sentiment: neutral, positive or negative utterances of the series Friends."""

from __future__ import annotations

from typing import ClassVar

from mindkit.api import Dataset, Recipe, Store, simulate
from mindkit_datasets.conventions import CLASS_METRICS, scaled
from mindkit_datasets.meld import COLUMNS, DIALOGUES, PHRASES, SIGNALS, SPLITS
from mindkit_datasets.wording import FILLERS

SAID = {  # in the order of the data set's authors
    "neutral": PHRASES["neutral"],
    "positive": PHRASES["joy"],
    "negative": tuple(p for name in ("fear", "sadness", "disgust", "anger") for p in PHRASES[name]),
}


class MeldSentiment(Dataset):
    """13708 utterances in the folds of the authors, by sentiment (Poria et al. 2019).

    The tables have text alone. Its simulated stand-in is that of MELD with three classes.
    """

    task = "classification"
    num_outputs = 3
    classes = tuple(SAID)
    metrics = ("f1_weighted", *CLASS_METRICS[:-1])
    splits: ClassVar = SPLITS
    columns: ClassVar = {**COLUMNS, "label": "sentiment"}

    def simulate(self, seed: int = 0, scale: float = 1.0) -> Store:
        """Return simulated utterances; `scale` in (0, 1] shrinks every split alike."""
        return simulate(
            Recipe(
                name="meld_sentiment",
                splits=scaled(self.splits, scale),
                videos=DIALOGUES,
                signals=SIGNALS,
                shares={"shared": 0.7, "text": 0.5, "audio": 0.4, "vision": 0.3, "error": 0.6},
                phrases=tuple(SAID.values()),
                fillers=FILLERS,
                task="classification",
                classes=self.classes,
                words=6.0,
                error=0.5,
            ),
            seed,
        )
