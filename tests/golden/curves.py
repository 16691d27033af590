"""Record the golden loss curves: python tests/golden/curves.py NAME …, without names all.

A refactor leaves them alone. A change of numbers records them anew, in a commit of its own that
says why. Recorded on x86-64; dropout, noise and initial weights come from torch's CPU generator.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import BertConfig, BertModel

from mindkit.config.load import load_spec
from mindkit.config.spec import Spec
from mindkit.data.choosing import choose_columns
from mindkit.data.store import Column, Split, Store
from mindkit.hooks import load_plugins
from mindkit.registry import Registries
from mindkit.train.fitting import Fitting
from mindkit.train.loop import begin_epoch, take_step
from mindkit.train.run import Plan, built

CURVES = Path(__file__).parent / "curves"
STEPS, SAMPLES, BATCH = 20, 40, 8
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SMALL = ("width=12", f"training.batch_size={BATCH}")
OF_MIND = ("terms.info.hidden=10",)
OF_MISA = ("fusion.feed=16",)
SMALL_WIDTHS = ("fusion.widths={text: 4, audio: 3, vision: 5}", "encoders.vision.hidden=6")
SMALL_TENSOR = (*SMALL_WIDTHS, "fusion.hidden=10")
LSTM = ("encoders.text.hidden=12",)
OF_MULT = ("fusion.heads=4", "fusion.layers=2", "fusion.memory_layers=1")
OF_MFM = ("fusion.hidden=6", "fusion.joint=7")
SMALL_STEPS = ("fusion.length=5", "representations.aligned.length=5")
OF_DMD = ("fusion.heads=4", "fusion.layers=1", "fusion.memory_layers=1", *SMALL_STEPS)
METHODS: dict[str, tuple[str, list[str], tuple[str, ...]]] = {  # method, drop, settings
    "mind": ("mind", [], OF_MIND),
    "mind_official": ("mind_official", [], OF_MIND),
    "mind_paper": ("mind_paper", [], OF_MIND),
    "mind_without_vision": ("mind", ["vision"], OF_MIND),
    "mind_non_disentangled": ("mind", ["non_disentangled"], OF_MIND),
    "misa": ("misa", [], OF_MISA),
    "misa_mmsa": ("misa_mmsa", [], OF_MISA),
    "misa_mintrec": ("misa_mintrec", [], OF_MISA),
    "fdmer_reconstructed": ("fdmer_reconstructed", [], ()),
    "dsn": ("dsn", [], ("fusion.fused=10", "fusion.hidden=10")),
    "tfn": ("tfn", [], SMALL_TENSOR),
    "tfn_mmsa": ("tfn_mmsa", [], (*SMALL_TENSOR, *LSTM)),
    "lmf": ("lmf", [], SMALL_WIDTHS),
    "lmf_mmsa": ("lmf_mmsa", [], (*SMALL_WIDTHS, *LSTM)),
    "mult": ("mult", [], OF_MULT),
    "mult_mmsa": ("mult_mmsa", [], OF_MULT),
    "mult_mintrec": ("mult_mintrec", [], OF_MULT),
    "mult_without_vision": ("mult", ["vision"], OF_MULT),
    "self_mm": ("self_mm", [], ("fusion.hidden=10",)),
    "mmim": ("mmim", [], ("fusion.hidden=10",)),
    "mmim_official": ("mmim_official", [], ("fusion.hidden=10",)),
    "dmd": ("dmd", [], OF_DMD),
    "dmd_without_vision": ("dmd", ["vision"], OF_DMD),
    "mfm": ("mfm", [], OF_MFM),
    "mfm_mmsa": ("mfm_mmsa", [], OF_MFM),
    "mfm_without_vision": ("mfm", ["vision"], OF_MFM),
}


@dataclass(frozen=True)
class Bench:
    """What every curve is made with. text_model: a tiny BERT, in a folder.

    store: 40 training clips of simulated MOSI in float64, so that preparing them rounds nothing;
    text_states: what that BERT makes of each word, as data sets store it of a larger one.
    """

    registries: Registries
    text_model: Path
    store: Store

    @classmethod
    def made(cls, registries: Registries, folder: Path) -> Bench:
        """Simulate the clips, and write the BERT of their words into `folder`."""
        dataset = registries.datasets.get("mosi")
        simulated = dataset().simulate(scale=SAMPLES / dataset.splits["train"])
        train = simulated.splits["train"]
        texts = [text.split() for text in train.columns["text"].values]
        vocabulary = [*SPECIAL, *sorted({word for text in texts for word in text})]
        model = write_bert(folder, vocabulary).double().eval()
        states = [states_of(words, vocabulary, model) for words in texts]
        columns = {name: doubled(column) for name, column in train.columns.items()}
        columns["text_states"] = replace(columns["audio"], values=torch.cat(states))
        split = Split(train.ids, columns, train.target.double())
        return cls(registries, folder, replace(simulated, splits={"train": split}))


@contextmanager
def float64() -> Iterator[None]:
    """Draw and compute in float64 wherever no dtype is named."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@float64()
def curve(name: str, bench: Bench, settings: Sequence[str] = ()) -> dict[str, list[float]]:
    """Return the total and every unweighted term of 20 optimiser steps, as a run takes them."""
    fitting = begun(name, bench, settings)
    running, objective = fitting.running, fitting.model.objective
    told: list[list[float]] = []
    while len(told) < STEPS:
        begin_epoch(fitting)
        for group in fitting.groups:
            take_step(fitting, group)
            told.append(running.sums.tolist())
            running.sums.zero_()
        objective.on_epoch_end(running.epoch)
        running.next_epoch()
    names, values = ("total", *objective.names), zip(*told[:STEPS], strict=True)
    return {name: list(each) for name, each in zip(names, values, strict=True)}


def begun(name: str, bench: Bench, settings: Sequence[str]) -> Fitting:
    """Return the preset in small, in float64, its epochs such that ramps end with the last step."""
    spec = spec_of(name, bench, settings)
    store = choose_columns(bench.store, spec.data.columns)
    fitting = built(Plan.of(spec, bench.registries, bench.text_model / "runs", "cpu", store))
    fitting.model.double()  # what was loaded is in float32
    epochs = math.ceil(STEPS / len(fitting.groups_of(0)))
    fitting.spec = replace(spec, training=replace(spec.training, epochs=epochs))
    return fitting


def spec_of(name: str, bench: Bench, settings: Sequence[str]) -> Spec:
    """Return the preset in small; where it reads text itself, with the tiny BERT."""
    method, drop, small = METHODS[name]

    def load(*text: str) -> Spec:
        lines = [*SMALL, *small, *text, *settings]
        return load_spec(bench.registries, method, dataset="mosi", settings=lines, drop=drop)

    spec = load()
    reads = spec.method.encoders["text"].type == "bert"
    return load(f"encoders.text.model={bench.text_model}") if reads else spec


def write_bert(folder: Path, vocabulary: Sequence[str]) -> BertModel:
    """Write a BERT of two layers, one token a word, and return it.

    Its weights are drawn by name, in float64: neither transformers' initialisation nor that of
    another processor has a say in them.
    """
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=128,
    )
    model, generator = BertModel(config), torch.Generator().manual_seed(7)
    for name, weight in sorted(model.named_parameters()):
        drawn = 0.1 * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        weight.data.copy_(drawn + name.endswith("LayerNorm.weight"))
    config.save_pretrained(folder)
    save_file(model.state_dict(), folder / "model.safetensors", {"format": "pt"})
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    return model


@torch.no_grad()
def states_of(words: Sequence[str], vocabulary: Sequence[str], model: BertModel) -> Tensor:
    """Return what the model, in float64, makes of each word of a text, (L, H)."""
    ids = [vocabulary.index(token) for token in ("[CLS]", *words, "[SEP]")]
    return model(torch.tensor([ids])).last_hidden_state[0, 1:-1]


def doubled(column: Column) -> Column:
    """Return the column with its features, if it has any, in float64."""
    values = column.values
    return replace(column, values=values.double()) if isinstance(values, Tensor) else column


def main(names: Sequence[str]) -> None:
    """Write the curves of `names`."""
    with TemporaryDirectory() as folder:
        bench = Bench.made(load_plugins().registries, Path(folder))
        for name in names:
            text = json.dumps(curve(name, bench), indent=1)
            (CURVES / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] or list(METHODS))
