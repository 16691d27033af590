"""Fixtures for tests that hold a method to equations written out."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reference():
    """Return the module of that name beside the tests: a method written out from its paper."""

    def load(name):
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="module")
def float64():
    """Everything in float64, weights of rows such as 1/3 included."""
    import torch

    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def clips():
    """Return batches of clips of unlike lengths: a list by modality, and the same padded.

    Text is token ids, audio and vision five and four features; labels have both signs, and a zero.
    """
    import torch

    from mindkit.data.store import Column, Split

    def call(count, size):
        generator = torch.Generator().manual_seed(3)
        lengths = torch.randint(1, 6, (count,), generator=generator).tolist()
        ids = [torch.randint(5, 50, (n + 2,), generator=generator) for n in lengths]
        drawn = {
            m: [torch.randn(n, w, generator=generator, dtype=torch.float32) for n in lengths]
            for m, w in {"audio": 5, "vision": 4}.items()
        }
        columns = {"text": Column.of_tokens(ids)}
        columns |= {m: Column.of_sequences(own) for m, own in drawn.items()}
        target = torch.randn(count, generator=generator, dtype=torch.float64)
        target[0] = 0
        split = Split([str(n) for n in range(count)], columns, target)
        pairs = []
        for rows in torch.arange(count).split(size):
            batch = split.batch(rows, tuple(columns))
            features = {m: x if m == "text" else x.double() for m, x in batch.features.items()}
            lists = {"text": [ids[n] for n in rows]}
            lists |= {m: [drawn[m][n].double() for n in rows] for m in drawn}
            pairs.append((lists, replace(batch, features=features)))
        return pairs

    return call
