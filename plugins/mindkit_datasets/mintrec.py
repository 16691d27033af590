"""MIntRec: 20 intents of utterances in a television series."""

from __future__ import annotations

from typing import ClassVar

from mindkit.api import Dataset, Recipe, Signal, Store, simulate
from mindkit_datasets.conventions import CLASS_METRICS, scaled
from mindkit_datasets.wording import FILLERS

PHRASES = {  # in the order of the benchmark
    "Complain": ("this is so unfair", "i am sick of this", "why does it always break"),
    "Praise": ("you did a great job", "that is a wonderful idea", "you look amazing"),
    "Apologise": ("i am so sorry", "it was my fault", "please forgive me"),
    "Thank": ("thank you so much", "thanks for your help", "i really appreciate it"),
    "Criticize": ("you did this all wrong", "that was careless of you", "your plan is stupid"),
    "Agree": ("yes exactly", "i agree with you", "you are right"),
    "Taunt": ("nice try loser", "is that all you have got", "what a genius you are"),
    "Flaunt": ("i am the best at this", "look at my new car", "i won again of course"),
    "Joke": ("so a horse walks into a bar", "i married my couch", "just kidding"),
    "Oppose": ("no way", "i will not allow it", "i am against this"),
    "Comfort": ("it is going to be okay", "do not be so hard on yourself", "i am here for you"),
    "Care": ("are you feeling all right", "do you need anything", "did you eat today"),
    "Inform": ("the meeting is at noon", "your mother called", "the store is closed"),
    "Advise": ("you should talk to him", "maybe try another way", "i would wait a week"),
    "Arrange": ("you take the left side", "put the boxes over there", "we meet at eight"),
    "Introduce": ("this is my friend amy", "my name is jonah", "meet our new manager"),
    "Leave": ("i have to go now", "see you tomorrow", "let us get out of here"),
    "Prevent": ("stop right there", "do not touch that", "wait do not go in"),
    "Greet": ("hi everyone", "good morning", "hello there"),
    "Ask for help": ("can you help me", "could you lend me a hand", "i need a favor"),
}
FEATURES = {
    "audio": {768: "wav2vec 2.0 base"},
    "vision": {256: "the speaker's region in each frame, pooled by Faster R-CNN"},
}


class Mintrec(Dataset):
    """2224 utterances in the folds of the benchmark (Zhang et al. 2022).

    Its simulated stand-in has those folds, word texts, and audio and vision of 768 and 256
    features, the widths of wav2vec 2.0 and Faster R-CNN; unlike there, with one step a word.
    """

    task = "classification"
    num_outputs = 20
    classes = tuple(PHRASES)
    metrics = CLASS_METRICS
    splits: ClassVar = {"train": 1334, "valid": 445, "test": 445}
    columns: ClassVar = {"video_id": "season+episode"}
    features: ClassVar = FEATURES

    def simulate(self, seed: int = 0, scale: float = 1.0) -> Store:
        """Return simulated utterances; `scale` in (0, 1] shrinks every split alike."""
        return simulate(
            Recipe(
                name="mintrec",
                splits=scaled(self.splits, scale),
                videos={"train": 24, "valid": 8, "test": 8},
                signals={
                    "audio": Signal(768, shared=0.25, private=0.25),
                    "vision": Signal(256, shared=0.25, private=0.25),
                },
                shares={"shared": 0.8, "text": 0.6, "audio": 0.3, "vision": 0.3, "error": 0.3},
                phrases=tuple(PHRASES.values()),
                fillers=FILLERS,
                task="classification",
                classes=self.classes,
                words=7.0,
                error=0.3,
                factors={"shared": 8, "private": 6, "noise": 6},
            ),
            seed,
        )
