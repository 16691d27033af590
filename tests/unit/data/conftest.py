"""What tests of files share: pickles read from bytes, exact comparison, hostile pickles."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def unpickled(tmp_path):
    """Write bytes to a file and read it: unpickled(content, torch=True)."""
    from mindkit.data.safe_pickle import read_pickle

    def call(content, **options):
        path = tmp_path / "x.pkl"
        path.unlink(missing_ok=True)  # not cut to nothing: arrays may still be views of it
        path.write_bytes(content)
        return read_pickle(path, **options)

    return call


@pytest.fixture(scope="session")
def same():
    """Say whether two values are equal in type, dtype, shape and bits, all the way down."""

    def compare(a, b):
        if type(a) is not type(b):
            return False
        if isinstance(a, np.ndarray):
            alike = a.shape == b.shape and a.dtype == b.dtype.newbyteorder("=")
            return alike and all(map(compare, a.ravel().tolist(), b.ravel().tolist()))
        if isinstance(a, dict):
            return compare(list(a.items()), list(b.items()))
        if isinstance(a, list | tuple):
            return len(a) == len(b) and all(map(compare, a, b))
        return a == b

    return compare


@pytest.fixture(scope="session")
def hostile_pickles():
    """Pickles that must be refused, by what they try; what would run touches the file `canary`."""
    spec = importlib.util.spec_from_file_location("hostile", Path(__file__).with_name("hostile.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.corpus()
