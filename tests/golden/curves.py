"""Record the golden loss curves: python tests/golden/curves.py NAME …, without names all.

A refactor leaves them alone. A change of numbers records them anew, in a commit of its own that
says why. Recorded on x86-64; dropout and noise come from torch's CPU generator.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from mindkit.batch import Batch
from mindkit.config.load import load_spec
from mindkit.data.choosing import choose_columns
from mindkit.data.store import Column, Split, Store
from mindkit.hooks import load_plugins
from mindkit.model.build import InputSchema, build
from mindkit.registry import Registries
from mindkit.train.device import choose_device
from mindkit.train.optim import by_turn, learning_optimizers, main_optimizer
from mindkit.train.step import learn_epoch, train_step

FOLDER = Path(__file__).parent / "curves"
STEPS = 20
BATCH = 8
SMALL = ("width=12", "encoders.text={type: vector}")
OF_MIND = ("terms.info.hidden=10",)
WORDS = ("data.columns.text=words",)
AS_CONVOLUTION = "encoders.text={type: convolution, dropout: 0.25}"
AS_RECURRENT = (
    "encoders.text={type: recurrent, layers: 1, bidirectional: false, hidden: 12, "
    "readout: last, output: none}"
)
SMALL_WIDTHS = ("fusion.widths={text: 4, audio: 3, vision: 5}", "encoders.vision.hidden=6")
SMALL_TENSOR = (*SMALL_WIDTHS, "fusion.hidden=10")
OF_MULT = (*WORDS, AS_CONVOLUTION, "fusion.heads=4", "fusion.layers=2")
OF_MFM = (*WORDS, AS_CONVOLUTION, "fusion.hidden=6", "fusion.joint=7", "data.align=none")
OF_DMD = (*OF_MULT[:-1], "fusion.layers=1", "fusion.length=5", "representations.aligned.length=5")
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
    "tfn": ("tfn", [], SMALL_TENSOR),
    "tfn_mmsa": ("tfn_mmsa", [], (*SMALL_TENSOR, *WORDS, AS_RECURRENT)),
    "lmf": ("lmf", [], SMALL_WIDTHS),
    "lmf_mmsa": ("lmf_mmsa", [], (*SMALL_WIDTHS, *WORDS, AS_RECURRENT)),
    "mult": ("mult", [], OF_MULT),
    "mult_mmsa": ("mult_mmsa", [], OF_MULT),
    "mult_without_vision": ("mult", ["vision"], OF_MULT),
    "self_mm": ("self_mm", [], ("fusion.hidden=10",)),
    "mmim": ("mmim", [], ("fusion.hidden=10",)),
    "dmd": ("dmd", [], OF_DMD),
    "dmd_without_vision": ("dmd", ["vision"], OF_DMD),
    "mfm": ("mfm", [], OF_MFM),
    "mfm_without_vision": ("mfm", ["vision"], OF_MFM),
}


def small_store() -> Store:
    """Three modalities of 40 samples: text a vector, audio and vision sequences; `words` too."""
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
    columns["words"] = Column.of_sequences([draw(length, 9) for length in lengths])
    train = Split([str(number) for number in range(40)], columns, target)
    return Store("mosi", {"train": train}, "regression")


def curve(name: str, registries: Registries) -> dict[str, list[float]]:
    """Return 20 steps, four epochs, of the total and of every unweighted term, in float64."""
    method, drop, settings = METHODS[name]
    spec = load_spec(registries, method, dataset="mosi", settings=[*SMALL, *settings], drop=drop)
    store = choose_columns(small_store(), spec.data.columns)
    torch.manual_seed(3)
    model = build(spec, registries, InputSchema.of(store)).double().train()
    main = main_optimizer(model, spec.training.optimizer)
    each_step, each_epoch = by_turn(model, learning_optimizers(model))
    device = choose_device("cpu", "float32")
    train, modalities, pad_to = store.splits["train"], model.graph.modalities, spec.data.pad_to
    rows_of = torch.arange(len(train)).split(BATCH)
    batches = [doubled(train.batch(rows, modalities, pad_to)) for rows in rows_of]
    told: list[list[float]] = []
    for step in range(STEPS):
        place = step % len(batches)
        if place == 0 and each_epoch:
            learn_epoch(model, batches, each_epoch, device)
        losses = train_step(
            model,
            [batches[place]],
            step / STEPS,
            main,
            each_step,
            spec.training.clip,
            device,
        )
        told.append(losses.tolist())
        if place == len(batches) - 1:
            model.objective.on_epoch_end(step // len(batches))
    names = ("total", *model.objective.names)
    return {name: list(values) for name, values in zip(names, zip(*told, strict=True), strict=True)}


def doubled(batch: Batch) -> Batch:
    """Return the batch in float64."""
    assert batch.target is not None
    features = {m: x.double() if x.is_floating_point() else x for m, x in batch.features.items()}
    return replace(batch, features=features, target=batch.target.double())


def main(names: Sequence[str]) -> None:
    """Write the curves of `names`."""
    registries = load_plugins().registries
    FOLDER.mkdir(exist_ok=True)
    for name in names:
        text = json.dumps(curve(name, registries), indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] or list(METHODS))
