"""Fixtures for tests that hold a method to equations written out."""

import importlib.util
import sys
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
