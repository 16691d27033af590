"""MUStARD: is an utterance of a television comedy sarcastic?"""

from __future__ import annotations

from typing import ClassVar

from mindkit.api import Dataset, Recipe, Signal, Store, simulate
from mindkit_datasets.conventions import CLASS_METRICS, GLOVE, scaled
from mindkit_datasets.wording import FILLERS

SINCERE = (
    "i am really glad you came",
    "the train leaves at nine",
    "that was a hard day for me",
    "i did not know that",
    "let me help you with the bags",
    "she called me this morning",
)
SARCASTIC = (
    "oh great another meeting",
    "well that went perfectly",
    "yes because that always works",
    "sure i love waiting in line",
    "wow what a surprise",
    "thank you for the wise advice genius",
)


class Mustard(Dataset):
    """690 utterances, half of them sarcastic, in five speaker-dependent folds (Castro et al. 2019).

    The column `test_fold` says which fold an utterance is tested in. By default fold 0 is the test
    split, 1 the validation split and 2 to 4 the training split; others are had by `mindkit data
    import mustard FILE --split test=1 --split valid=2 --split train=0,3,4`. `context`, what was
    said before, is a column of its own. Its simulated stand-in has those sizes, word texts, and
    audio and vision of 81 and 371 features, the widths of UR-FUNNY's second version.
    """

    task = "classification"
    num_outputs = 2
    classes = ("not sarcastic", "sarcastic")
    metrics = ("f1_weighted", "precision_weighted", *CLASS_METRICS[:-1])
    splits: ClassVar = {"train": 414, "valid": 138, "test": 138}
    columns: ClassVar = {
        "text": "utterance",
        "label": "sarcasm",
        "split": "test_fold",
        "context": "context",
    }
    split_cells: ClassVar = {"train": ("2", "3", "4"), "valid": ("1",), "test": ("0",)}
    features: ClassVar = {"text": GLOVE}

    def simulate(self, seed: int = 0, scale: float = 1.0) -> Store:
        """Return simulated utterances; `scale` in (0, 1] shrinks every split alike."""
        return simulate(
            Recipe(
                name="mustard",
                splits=scaled(self.splits, scale),
                videos={"train": 20, "valid": 7, "test": 7},
                signals={
                    "audio": Signal(81, shared=0.1, private=0.25),
                    "vision": Signal(371, shared=0.1, private=0.25),
                },
                shares={"shared": 0.6, "text": 0.5, "audio": 0.5, "vision": 0.4, "error": 0.6},
                phrases=(SINCERE, SARCASTIC),
                fillers=FILLERS,
                task="classification",
                classes=self.classes,
                words=10.0,
            ),
            seed,
        )
