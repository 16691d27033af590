"""Fixtures that every test may use. No test asks the network for anything."""

import os
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # read when the hub's client is first imported
os.environ["OMP_NUM_THREADS"] = "1"  # tensors here are tiny: more threads only wait for each other

os.environ.pop("COLUMNS", None)  # a terminal's; what goes to no terminal has a width of its own

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def _shared_home(tmp_path_factory):
    """Convert data into a folder of the tests, not of the person who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINDKIT_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def registries():
    """The registries with every built-in component."""
    from mindkit.hooks import load_plugins

    return load_plugins().registries


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real data; its tests are skipped where it is not at hand."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data are not at hand: no folder {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """A folder with a random BERT of two layers, width 32, and its vocabulary of letters."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny_bert")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    vocabulary = [*special, *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_glove(tmp_path_factory):
    """A text file of GloVe vectors, seven numbers for each of six words."""
    path = tmp_path_factory.mktemp("tiny_glove") / "tiny.txt"
    words = ["good", "bad", "it", "was", "don't", "!"]
    lines = [f"{word} {' '.join(str(k + i / 8) for i in range(7))}" for k, word in enumerate(words)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_mosi(tiny_tables):
    """A table like MOSI's: 24, 8 and 8 clips of a few words, 5 and 4 features a step."""
    return tiny_tables("mosi")


@pytest.fixture(scope="session")
def tiny_tables(tmp_path_factory):
    """Return the path of such a table with the labels of a data set."""
    import numpy as np

    from mindkit.hooks import load_plugins

    folder = tmp_path_factory.mktemp("tiny_tables")
    datasets = load_plugins().registries.datasets

    def table(dataset):
        random = np.random.default_rng(0)
        splits = ["train"] * 24 + ["valid"] * 8 + ["test"] * 8
        words = ["good", "bad", "fine", "dull", "it", "was", "so", "and", "we", "saw"]
        texts = [" ".join(random.choice(words, random.integers(1, 6))) for _ in splits]
        columns = {"audio": np.zeros((40, 6, 5), "f4"), "vision": np.zeros((40, 6, 4), "f4")}
        for row, length in enumerate(random.integers(1, 7, 40)):
            for values in columns.values():
                values[row, :length] = random.normal(size=(length, values.shape[2]))
        about = datasets.get(dataset)
        labels = random.uniform(-3, 3, 40).round(1).astype("f4")
        if about.task == "classification":
            labels = np.arange(40) % about.num_outputs
        path = folder / f"{dataset}.npz"
        ids = [f"clip_{row}" for row in range(40)]
        np.savez(path, id=ids, split=splits, label=labels, text=texts, **columns)
        return path

    return table


@pytest.fixture(scope="session")
def small_mind(tiny_bert):
    """The `--set` lines that make MInD small, with one epoch, and keep its structure."""
    return (
        "width=16",
        f"encoders.text.model={tiny_bert}",
        "encoders.audio={type: transformer, layers: 1, heads: 2}",
        "encoders.vision={type: transformer, layers: 1, heads: 2}",
        "fusion.fused=8",
        "fusion.hidden=8",
        "terms.info.hidden=8",
        "terms.recon.hidden=8",
        "training.epochs=1",
        "training.batch_size=8",
    )


@pytest.fixture
def own_home(tmp_path, monkeypatch):
    """Keep imported data and caches of the person who runs the tests out of them."""
    monkeypatch.setenv("MINDKIT_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def one_backward(tiny_tables, small_mind):
    """Return the spec, the model and the terms' values after one backward of a small method."""
    import torch

    from mindkit.config.load import load_spec
    from mindkit.data.library import open_store
    from mindkit.data.prepare import prepare
    from mindkit.model.build import InputSchema, build

    def call(
        registries,
        settings=(),
        drop=(),
        small=small_mind,
        method="mind",
        dataset="mosi",
        data=None,
    ):
        spec = load_spec(
            registries,
            method,
            dataset=dataset,
            data=str(data or tiny_tables(dataset)),
            settings=[*small, *settings],
            drop=drop,
        )
        store = open_store(spec.data, registries)
        torch.manual_seed(0)
        model = build(spec, registries, InputSchema.of(store)).train()
        train = prepare(store, dict(model.graph.encoders.items()), spec.data, None).splits["train"]
        odd = torch.arange(len(train) - 1)  # signs of an even number of errors may cancel
        batch = train.batch(odd, model.graph.modalities)
        total, values = model.objective(model.graph(batch), batch.target, batch.index, 0.5)
        total.backward()
        return spec, model, dict(zip(model.objective.names, values.tolist(), strict=True))

    return call


@pytest.fixture(scope="session")
def untrained():
    """Return the names of the trainable parameters that got no gradient, or zeros only."""
    return lambda module: [
        name
        for name, tensor in module.named_parameters()
        if tensor.requires_grad and (tensor.grad is None or not tensor.grad.any())
    ]


@pytest.fixture
def study_table():
    """A table with one of everything: stars, a tie, failures, a NaN, a stamp, signs of LaTeX."""
    import math

    from mindkit.study.provenance import Provenance
    from mindkit.study.summaries import Comparison, Summary
    from mindkit.study.tables import SeedFailure, SeedRun, StudyTable, TableRow

    def summary(mean, sd=0.0125):
        low, high = (math.nan, math.nan) if math.isnan(mean) else (mean - 0.1, mean + 0.1)
        return Summary(mean, sd, low, high, 0.95, 2, 686)

    def comparison(difference, p, effect=0.25):
        low, high = difference - 0.05, difference + 0.05
        p_seeds = math.nan
        return Comparison(difference, low, high, p / 4, p, effect, "d_z", p_seeds, "paired t-test")

    def row(name, group="", mae=None, corr=None, mae_p=None, corr_p=None, failures=(), **facts):
        seeds = [seed for seed in (1, 2) if mae and seed not in failures]
        means = {m: v for m, v in (("mae", mae), ("f1_non0", corr)) if v is not None}
        p_values = {m: p for m, p in (("mae", mae_p), ("f1_non0", corr_p)) if p is not None}
        return TableRow(
            name=name,
            group=group,
            runs=tuple(SeedRun(seed, f"runs/{name}-{seed}", means) for seed in seeds),
            failures=tuple(SeedFailure(s, f"runs/{name}-{s}", failures[s]) for s in failures),
            summaries={metric: summary(mean) for metric, mean in means.items()},
            comparisons={m: comparison(means[m] - 0.7, p) for m, p in p_values.items()},
            **{"published": {}, "parameters": 1_234_567, "dropped": (), "stamps": ()} | facts,
        )

    lost = {1: "MemoryError: 2 GB & more_of 100% #1", 2: "no {braces} \\ left | here"}
    return StudyTable(
        title="Ablations of a_b & c on 50% #1",
        dataset="mosi",
        metrics={"mae": "min", "f1_non0": "max"},
        rows=(
            row("full_1", mae=0.7, corr=0.8, published={"mae": 0.711}),
            row("w/o a & b", "role of {x}_y", 0.65, 0.79961, 0.0099, 0.0501, parameters=1_000_000),
            row(
                "[odd] *row*", "role of {x}_y", 0.9, math.nan, 0.0009, math.nan, {2: "ZeroDivision"}
            ),
            row("lost", "role of #2", failures=lost, parameters=None, dropped=("np: dropped",)),
            row("third", "role of #2", 0.71, 0.5, 0.049, 1.0, stamps=("SIMULATED_DATA: 100 %",)),
        ),
        baseline="full_1",
        seeds=2,
        stamps=("SIMULATED_DATA: 100 %",),
        provenance=Provenance({"commit": ("0123456789abcdef",), "device": ("cpu", "mps")}, (1, 2)),
        footer=("Mean ± sd; p < 0.05.", "FAILED: lost, seed 2: no {braces} \\ left | here"),
    )
