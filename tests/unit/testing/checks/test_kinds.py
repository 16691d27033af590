"""What an estimator, a head or a data set breaks is found."""

import pytest
import torch

from mindkit.data.store import Column, Split, Store
from mindkit.kinds import Dataset, FusionHead, MIEstimator
from mindkit.testing.contracts import Case


class Backwards(MIEstimator):
    """Mean squared distance. Shapes: x (B, D), z (B, D) -> ()."""

    bound = "upper"

    def forward(self, x, z):
        return (x - z).square().mean()


def test_an_estimate_that_falls_with_dependence_is_found(breaks):
    breaks("rises_with_dependence", "mi_estimators", "backwards", Backwards, "for dependent")


def test_a_bound_that_does_not_hold_is_found(breaks):
    breaks("keeps_its_bound", "mi_estimators", "backwards", Backwards, "claims a bound from upper")


class TwoParts(FusionHead):
    """First numbers of both parts. Shapes: parts (P, B, D) -> (B, C)."""

    def forward(self, parts):
        return parts[0, :, :1] + parts[1, :, :1]


def test_a_head_for_two_parts_only_is_found():
    with pytest.raises(IndexError):
        Case("takes_any_number_of_parts", "fusion_heads", "two_parts", TwoParts)()


def store(ids, simulated=True, label=0.0, task="regression"):
    def split(names):
        values = torch.zeros(len(names), 2)
        return Split(names, {"text": Column("vector", values)}, torch.full((len(names),), label))

    splits = {"train": split(ids[:2]), "valid": split(ids[2:3]), "test": split(ids[3:])}
    return Store("tiny", splits, task, simulated=simulated)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: store(["a", "b", "a", "d"]), "stands in two places"),
        (lambda: store(["a", "b", "c", "d"], simulated=False), "not marked as simulated"),
        (lambda: store(["a", "b", "c", "d"], label=4.0), r"labels of train are in \(4.0, 4.0\)"),
        (lambda: store(["a", "b", "c", "d"], task="classification"), "declared are task and"),
    ],
)
def test_splits_that_overlap_or_break_their_word_are_found(made, message, breaks):
    class Tiny(Dataset):
        """Four samples."""

        label_range = (-3.0, 3.0)

        def simulate(self, seed=0):
            return made()

    breaks("keeps_splits_apart", "datasets", "tiny", Tiny, message)


def test_a_data_set_that_its_labels_tell_is_held_to_what_they_tell(breaks):
    class Tiny(Dataset):
        """Four samples."""

        task = ""
        high = 4.0

        @classmethod
        def fitted(cls, labels):
            facts = {"task": "regression", "label_range": (min(labels), cls.high)}
            return type("Tiny", (cls,), facts)

        def simulate(self, seed=0):
            return store(["a", "b", "c", "d"], label=4.0)

    Case("keeps_splits_apart", "datasets", "tiny", Tiny)()
    Tiny.high = 3.0
    breaks("keeps_splits_apart", "datasets", "tiny", Tiny, r"declared are \(4.0, 3.0\)")
