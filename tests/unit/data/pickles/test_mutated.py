"""Whatever the bytes are, a pickle is read or refused, and costs no more than its file."""

import io
import pickle
import tracemalloc
from collections import OrderedDict, defaultdict

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mindkit.data.safe_pickle import read_pickle
from mindkit.errors import DataError

DATA = {
    "train": {
        "audio": np.arange(6, dtype=np.float32).reshape(2, 3),
        "id": ["a$_$1", "b$_$2"],
        "text": np.array(["good", "bad"]),
        "objects": np.array([[1, "a"], [None, np.arange(2)]], dtype=object),
        "label": np.float32(1.5),
        "large": np.zeros(600),
    },
    "lists": [[0.5] * 20, [1, 300, 70000, -5], ("x", (b"y", {1, 2}))],
    "others": [OrderedDict(a=1), defaultdict(list), 1j, bytearray(b"z"), -(2**70)],
}
TENSORS = {"a": torch.arange(6.0).reshape(2, 3)[:, 1:], "b": [torch.zeros(2, dtype=torch.int64)]}
OPCODES = (
    b"NKMJGXUTCBSVIFL()t]}leaus012Rbqrphjgdc.QP"
    b"\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8e\x93\x94\x95\x96"
)
MOST_MEMORY = 4_000_000


def saved(zipped):
    file = io.BytesIO()
    torch.save(TENSORS, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


VALID = [
    *(pickle.dumps(DATA, protocol) for protocol in range(6)),
    *(pickle.dumps(TENSORS, protocol) for protocol in (2, 4)),
    saved(False),
    saved(True),
]
places = st.floats(0, 1, exclude_max=True)
edits = st.one_of(
    st.tuples(st.just("change"), places, st.binary(min_size=1, max_size=4)),
    st.tuples(st.just("change"), places, st.sampled_from([bytes([one]) for one in OPCODES])),
    st.tuples(st.just("insert"), places, st.sampled_from([bytes([one]) for one in OPCODES])),
    st.tuples(st.just("splice"), places, st.tuples(st.sampled_from(VALID), places)),
    st.tuples(st.just("remove"), places, st.integers(1, 20)),
    st.tuples(st.just("cut"), places, st.none()),
)


def edited(content, edit):
    kind, share, what = edit
    at = int(share * len(content))
    if kind == "change":
        return content[:at] + what + content[at + len(what) :]
    if kind == "insert":
        return content[:at] + what + content[at:]
    if kind == "splice":
        other, start = what
        begin = int(start * len(other))
        return content[:at] + other[begin : begin + 40] + content[at:]
    return content[:at] + (content[at + what :] if kind == "remove" else b"")


@pytest.mark.parametrize("torch_too", [False, True])
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.sampled_from(VALID), changes=st.lists(edits, min_size=1, max_size=4))
def test_a_damaged_pickle_is_read_or_refused(torch_too, tmp_path_factory, content, changes):
    for change in changes:
        content = edited(content, change)
    path = tmp_path_factory.getbasetemp() / "mutated.pkl"
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    tracemalloc.start()
    try:
        read_pickle(path, torch=torch_too)
    except DataError as error:
        assert "mutated.pkl" in str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MOST_MEMORY
