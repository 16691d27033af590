"""Record the golden loss curves: python tests/golden/curves.py NAME …, without names all.

A refactor leaves them alone. A change of numbers records them anew, in a commit of its own that
says why. Recorded on x86-64; dropout and noise come from torch's CPU generator.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from mindkit.config.load import load_spec
from mindkit.data.store import Column, Split, Store
from mindkit.hooks import load_plugins
from mindkit.model.build import InputSchema, build
from mindkit.registry import Registries
from mindkit.train.device import choose_device
from mindkit.train.optim import learning_optimizers, main_optimizer
from mindkit.train.step import train_step

FOLDER = Path(__file__).parent / "curves"
STEPS = 20
BATCH = 8
SMALL = ("width=12", "encoders.text={type: vector}")
OF_MIND = ("terms.info.hidden=10",)
METHODS: dict[str, tuple[str, list[str], tuple[str, ...]]] = {  # method, drop, settings
    "mind": ("mind", [], OF_MIND),
    "mind_official": ("mind_official", [], OF_MIND),
    "mind_paper": ("mind_paper", [], OF_MIND),
    "mind_without_vision": ("mind", ["vision"], OF_MIND),
    "mind_non_disentangled": ("mind", ["non_disentangled"], OF_MIND),
    "misa": ("misa", [], ("fusion.feed=16",)),
    "misa_mmsa": ("misa_mmsa", [], ("fusion.feed=16",)),
    "misa_mintrec": ("misa_mintrec", [], ("fusion.feed=16",)),
    "fdmer_reconstructed": ("fdmer_reconstructed", [], ()),
    "dsn": ("dsn", [], ("fusion.fused=10", "fusion.hidden=10")),
}


def small_store() -> Store:
    """Three modalities of 40 samples: text a vector, audio and vision sequences."""
    generator = torch.Generator().manual_seed(5)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    lengths = torch.randint(1, 7, (40,), generator=generator).tolist()
    columns = {
        "text": Column.of_vectors(draw(40, 9)),
        "audio": Column.of_sequences([draw(length, 7) for length in lengths]),
        "vision": Column.of_sequences([draw(length, 5) for length in lengths]),
    }
    target = draw(40).clamp(-3, 3)
    train = Split([str(number) for number in range(40)], columns, target)
    return Store("mosi", {"train": train}, "regression")


def curve(name: str, registries: Registries) -> dict[str, list[float]]:
    """Return 20 steps of the total and of every unweighted term, in float64."""
    method, drop, settings = METHODS[name]
    spec = load_spec(registries, method, dataset="mosi", settings=[*SMALL, *settings], drop=drop)
    store = small_store()
    torch.manual_seed(3)
    model = build(spec, registries, InputSchema.of(store)).double().train()
    main = main_optimizer(model, spec.training.optimizer)
    rows: list[list[float]] = []
    split = store.splits["train"]
    for step in range(STEPS):
        picked = torch.arange(BATCH) + step * BATCH % len(split)
        batch = split.batch(picked, model.graph.modalities, spec.data.pad_to)
        doubled = {m: x.double() if x.is_floating_point() else x for m, x in batch.features.items()}
        assert batch.target is not None
        batch = type(batch)(doubled, batch.masks, batch.target.double(), batch.index)
        losses = train_step(
            model,
            [batch],
            step / STEPS,
            main,
            learning_optimizers(model),
            spec.training.clip,
            choose_device("cpu", "float32"),
        )
        rows.append(losses.tolist())
    names = ("total", *model.objective.names)
    return {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}


def main(names: Sequence[str]) -> None:
    """Write the curves of `names`."""
    registries = load_plugins().registries
    FOLDER.mkdir(exist_ok=True)
    for name in names:
        text = json.dumps(curve(name, registries), indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] or list(METHODS))
