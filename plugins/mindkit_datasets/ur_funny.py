"""UR-FUNNY, version 1: is a punchline of a TED talk followed by laughter?"""

from __future__ import annotations

from typing import ClassVar

from mindkit.api import Dataset, Recipe, Signal, Store, simulate
from mindkit_datasets.conventions import CLASS_METRICS, GLOVE, scaled
from mindkit_datasets.wording import FILLERS

PLAIN = (
    "this is an important point",
    "the data show a clear trend",
    "we need to act now",
    "let me explain the method",
    "the results were published last year",
    "thank you very much",
)
FUNNY = (
    "and that is when the duck walked in",
    "my mother still thinks i am a dentist",
    "so i pretended to understand",
    "it turns out cats do not care",
    "which is why i no longer cook",
    "and nobody told the robot",
)


class UrFunny(Dataset):
    """16514 punchlines in the folds of version 1 (Hasan et al. 2019), half of them humorous.

    Its simulated stand-in has those folds, word texts, and audio and vision of 81 and 75 features
    aligned to the words, the widths of COVAREP and OpenFace.
    """

    task = "classification"
    num_outputs = 2
    classes = ("not humorous", "humorous")
    metrics = CLASS_METRICS
    splits: ClassVar = {"train": 10598, "valid": 2626, "test": 3290}
    counts: ClassVar = {"version 2": {"train": 8074, "valid": 1034, "test": 1058}}
    features: ClassVar = {
        "text": GLOVE,
        "audio": {81: "COVAREP, averaged over each word"},
        "vision": {
            75: "OpenFace of version 1, averaged over each word",
            371: "OpenFace of version 2, averaged over each word",
        },
    }

    def simulate(self, seed: int = 0, scale: float = 1.0) -> Store:
        """Return simulated punchlines; `scale` in (0, 1] shrinks every split alike."""
        return simulate(
            Recipe(
                name="ur_funny",
                splits=scaled(self.splits, scale),
                videos={"train": 1166, "valid": 289, "test": 362},
                signals={
                    "audio": Signal(81, shared=0.1, private=0.25),
                    "vision": Signal(75, shared=0.1, private=0.25),
                },
                shares={"shared": 0.6, "text": 0.5, "audio": 0.4, "vision": 0.4, "error": 0.8},
                phrases=(PLAIN, FUNNY),
                fillers=FILLERS,
                task="classification",
                classes=self.classes,
                words=12.0,
            ),
            seed,
        )
