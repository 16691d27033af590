"""MELD: seven emotions of utterances in dialogues of the series Friends."""

from __future__ import annotations

from typing import ClassVar

from mindkit.api import Dataset, Recipe, Signal, Store, simulate
from mindkit_datasets.conventions import CLASS_METRICS, scaled
from mindkit_datasets.wording import FILLERS

PHRASES = {  # in the order of the data set's authors
    "neutral": ("i will be there at five", "the keys are on the table", "we can take my car"),
    "surprise": ("oh my god", "wait what just happened", "you are kidding me"),
    "fear": ("i am so scared", "please do not leave me here", "what if they find out"),
    "sadness": ("i miss her so much", "it is over between us", "i just want to cry"),
    "joy": ("this is so exciting", "i am so happy for you", "we won we won"),
    "disgust": ("that is just gross", "this smells awful", "take it away from me"),
    "anger": ("get out of my house", "how dare you say that", "i am so mad at you"),
}
SPLITS = {"train": 9989, "valid": 1109, "test": 2610}
DIALOGUES = {"train": 1038, "valid": 114, "test": 280}
COLUMNS = {  # dialogues are counted anew in each split
    "text": "utterance",
    "id": "split+dialogue_id+utterance_id",
    "video_id": "split+dialogue_id",
}
SIGNALS = {  # the widths of COVAREP and Facet, as in MOSEI: no features of MELD are in common use
    "audio": Signal(74, shared=0.1, private=0.25),
    "vision": Signal(35, shared=0.1, private=0.25),
}


class Meld(Dataset):
    """13708 utterances of 1432 dialogues in the folds of the authors (Poria et al. 2019).

    The tables have text alone. Its simulated stand-in has those folds, word texts, and audio and
    vision of 74 and 35 features aligned to the words.
    """

    task = "classification"
    num_outputs = 7
    classes = tuple(PHRASES)
    metrics = ("f1_weighted", *CLASS_METRICS[:-1])
    splits: ClassVar = SPLITS
    columns: ClassVar = {**COLUMNS, "label": "emotion"}

    def simulate(self, seed: int = 0, scale: float = 1.0) -> Store:
        """Return simulated utterances; `scale` in (0, 1] shrinks every split alike."""
        return simulate(
            Recipe(
                name="meld",
                splits=scaled(self.splits, scale),
                videos=DIALOGUES,
                signals=SIGNALS,
                shares={"shared": 0.7, "text": 0.5, "audio": 0.4, "vision": 0.3, "error": 0.6},
                phrases=tuple(PHRASES.values()),
                fillers=FILLERS,
                task="classification",
                classes=self.classes,
                words=6.0,
                error=0.3,
            ),
            seed,
        )
