"""MIntRec in two classes: does the speaker express an emotion, or follow a goal?"""

from __future__ import annotations

from typing import ClassVar

from mindkit.api import Dataset, Recipe, Signal, Store, simulate
from mindkit_datasets.conventions import CLASS_METRICS, scaled
from mindkit_datasets.mintrec import FEATURES, PHRASES
from mindkit_datasets.wording import FILLERS

EMOTIONS = (
    "Complain",
    "Praise",
    "Apologise",
    "Thank",
    "Criticize",
    "Care",
    "Agree",
    "Taunt",
    "Flaunt",
    "Joke",
    "Oppose",
)
GROUPS = {intent: "Emotion" if intent in EMOTIONS else "Goal" for intent in PHRASES}


class MintrecBinary(Dataset):
    """2224 utterances in the folds of MIntRec: 11 intents are emotions, 9 are goals.

    A table's column `binary` is read, or the 20 intents of the benchmark's own files. Its simulated
    stand-in is that of MIntRec with two classes.
    """

    task = "classification"
    num_outputs = 2
    classes = ("Emotion", "Goal")
    label_names = GROUPS
    metrics = CLASS_METRICS
    splits: ClassVar = {"train": 1334, "valid": 445, "test": 445}
    columns: ClassVar = {"label": "binary", "video_id": "season+episode"}
    features: ClassVar = FEATURES

    def simulate(self, seed: int = 0, scale: float = 1.0) -> Store:
        """Return simulated utterances; `scale` in (0, 1] shrinks every split alike."""
        phrases = [
            tuple(
                p for intent, several in PHRASES.items() if GROUPS[intent] == name for p in several
            )
            for name in self.classes
        ]
        return simulate(
            Recipe(
                name="mintrec_binary",
                splits=scaled(self.splits, scale),
                videos={"train": 24, "valid": 8, "test": 8},
                signals={
                    "audio": Signal(768, shared=0.25, private=0.25),
                    "vision": Signal(256, shared=0.25, private=0.25),
                },
                shares={"shared": 0.7, "text": 0.6, "audio": 0.3, "vision": 0.3, "error": 0.4},
                phrases=phrases,
                fillers=FILLERS,
                task="classification",
                classes=self.classes,
                words=7.0,
                error=0.3,
            ),
            seed,
        )
