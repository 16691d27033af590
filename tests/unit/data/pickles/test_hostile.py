import importlib.util
import os
import pickle
import time
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mindkit.errors import DataError

FILE = Path(__file__).parents[1] / "hostile.py"
SPEC = importlib.util.spec_from_file_location("hostile", FILE)
hostile = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(hostile)
CORPUS = hostile.corpus()


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """A working folder in which what runs would leave the canary."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_pickle_is_refused_and_nothing_runs(unpickled, empty_folder, name):
    began = time.perf_counter()
    for torch in (False, True):
        with pytest.raises(DataError, match=r"x\.pkl(, byte [\d,]+)?: .*; "):
            unpickled(CORPUS[name], torch=torch)
    assert not os.listdir(empty_folder)
    assert time.perf_counter() - began < 5


def test_the_corpus_does_run_code_in_another_reader(empty_folder):
    pickle.loads(CORPUS["call builtins.open"]).close()
    pickle.loads(CORPUS["protocol 0"])
    assert os.listdir(empty_folder) == [hostile.CANARY]


def test_a_refusal_names_what_was_asked_for_and_says_that_nothing_was_run(unpickled):
    expected = r"byte 2: it asks for os\.system, which is not plain data; nothing was run"
    with pytest.raises(DataError, match=expected):
        unpickled(CORPUS["call os.system"])


@pytest.mark.parametrize(
    "value, what",
    [
        (np.ma.masked_array([1, 2], [0, 1]), r"numpy\.ma\..*, a masked array; save"),
        (np.random.RandomState(0), r"numpy\.random\..*, a state of random numbers"),
        (np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f4")]), "a structured array; save one"),
        (np.array(["2024-01-01"], dtype="M8[D]"), "an array of dates or times; save them"),
        (np.longdouble(1), "an array of type 'f16'; save it as numbers"),
        (Path("a"), r"pathlib\..*, a path; save it as text"),
        (defaultdict(len), r"builtin.*\.len, which is not plain data"),
        (Counter("a"), r"collections\.Counter, which is not plain data"),
        (Fraction(1, 2), r"fractions\.Fraction, which is not plain data"),
        (float, r"float stands among the data"),
    ],
)
def test_what_is_not_plain_is_called_by_its_name(unpickled, value, what):
    for protocol in range(6):
        with pytest.raises(DataError, match=what):
            unpickled(pickle.dumps([value], protocol))


def test_a_pickle_cut_short_anywhere_is_refused(unpickled):
    value = {"a": [1.5] * 10, "b": np.arange(2), "c": ("x", b"y", {1}), "d": [1, 300, 70000]}
    for protocol in (0, 2, 5):
        content = pickle.dumps(value, protocol)
        for end in range(1, len(content)):
            with pytest.raises(DataError):
                unpickled(content[:end])
