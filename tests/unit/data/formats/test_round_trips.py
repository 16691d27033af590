"""Each layout from the pickle to training: made, imported, read, and trained on."""

import numpy as np
import pytest
import torch

import mindkit
from mindkit.data.formats.triple_folder import FILES
from mindkit.data.importing import import_data, load_imported

LAYOUTS = {  # what it is -> its maker, the maker's options, and where it is written
    "mmsa": ("mmsa_data", {"floats": True, "lists": True}, "unaligned.pkl"),
    "mmsa, aligned": ("mmsa_data", {"aligned": True, "front": True}, "aligned.pkl"),
    "cmu_tensors": ("cmu_data", {}, "mosi_data.pkl"),
    "cmu_tensors, unaligned": ("cmu_data", {"aligned": False, "ids": None}, "noalign.pkl"),
    "cmu_tensors of MultiBench": ("cmu_data", {}, "mosi_raw.pkl"),
    "triple_file": ("triple_data", {"form": "mag"}, "mosi.pkl"),
    "triple_folder": ("triple_data", {"columns": 7}, "mosei"),
    "triple_folder, unaligned": ("triple_data", {"form": "mmim"}, "mosei"),
}


@pytest.fixture
def written(request, write_pickle, tmp_path):
    """Write a layout; return the path, and split -> what its samples are: written("mmsa")."""

    def write(layout):
        maker, options, name = LAYOUTS[layout]
        data, truth = request.getfixturevalue(maker)(**options)
        if layout.startswith("triple_folder"):
            for split, file in FILES.items():
                write_pickle(tmp_path / name / file, data[split], old=True)
            return tmp_path / name, truth
        if layout == "triple_file":
            data["dev"] = data.pop("valid")
        return write_pickle(tmp_path / name, data), truth

    return write


@pytest.fixture
def imported(registries, tmp_path):
    """Import a path and read it back: imported("mosi", path)."""

    def call(name, path, **columns):
        home = tmp_path / "home"
        import_data(name, path, columns=columns, home=home, registries=registries)
        return load_imported(name, home)

    return call


def assert_holds(part, truth):
    """Hold that all columns are those samples, with masks that are true on their steps alone."""
    assert part.ids == truth["ids"]
    assert np.array_equal(part.target.numpy(), truth["labels"])
    for role in truth.keys() - {"ids", "videos", "labels"}:
        if part.columns[role].kind == "text":
            assert part.columns[role].values == truth[role]
            continue
        batch = part.batch(torch.arange(len(part)), [role])
        found = zip(batch.features[role], batch.masks[role], truth[role], strict=True)
        for values, mask, sample in found:
            assert mask.sum() == len(sample)
            assert np.array_equal(values[mask].numpy(), sample)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_import_holds_the_very_values_lengths_and_labels(layout, written, imported):
    path, truth = written(layout)
    store = imported("mosi", path)
    for split, samples in truth.items():
        assert_holds(store.splits[split], samples)


def test_an_import_of_one_file_a_modality_holds_the_values_of_each(
    mmsa_data, write_pickle, imported, tmp_path
):
    (data, truth), (other, others) = mmsa_data(), mmsa_data(front=True, lists=True)
    audio = {s: {n: p[n] for n in ("audio", "audio_lengths")} for s, p in other.items()}
    write_pickle(tmp_path / "own" / "main.pkl", data)
    write_pickle(tmp_path / "own" / "audio.pkl", audio)
    store = imported("mosi", tmp_path / "own")
    for split, samples in truth.items():
        assert_holds(store.splits[split], {**samples, "audio": others[split]["audio"]})


def test_humour_without_ids_is_imported_as_classes(triple_data, write_pickle, imported, tmp_path):
    lists, truth = triple_data("humour")
    for split, file in FILES.items():
        write_pickle(tmp_path / "ur_funny" / file, lists[split])
    store = imported("ur_funny", tmp_path / "ur_funny")
    for split, samples in truth.items():
        assert_holds(store.splits[split], samples)


def test_an_emotion_is_imported_as_classes(cmu_data, write_pickle, imported, tmp_path):
    data, truth = cmu_data(emotions=True)
    path = write_pickle(tmp_path / "iemocap_data.pkl", data)
    store = imported("ur_funny", path, label="happy")
    for split, samples in truth.items():
        assert_holds(store.splits[split], {**samples, "labels": samples["labels"][:, 1]})


def test_infinities_become_zeros_and_steps_stay(cmu_data, write_pickle, imported, tmp_path):
    data, truth = cmu_data(aligned=False)
    first = len(truth["train"]["audio"][0])
    data["train"]["audio"][0, -first, 2] = -np.inf
    truth["train"]["audio"][0][0, 2] = 0
    store = imported("mosi", write_pickle(tmp_path / "mosi_data_noalign.pkl", data))
    assert_holds(store.splits["train"], truth["train"])


@pytest.mark.parametrize("layout", ["mmsa", "cmu_tensors", "triple_file", "triple_folder"])
def test_a_run_trains_on_it(layout, written, small_mind, own_home, tmp_path):
    vectors = ["encoders.text={type: transformer, layers: 1, heads: 2}"]
    results = mindkit.run(
        "mind",
        "mosi",
        data=str(written(layout)[0]),
        settings=[*small_mind, *(vectors if layout == "cmu_tensors" else [])],
        out=tmp_path / "runs",
        device="cpu",
    )
    assert results.test["mae"] > 0


def test_a_run_trains_on_stored_bert_ids(written, small_mind, own_home, tmp_path):
    results = mindkit.run(
        "mind",
        "mosi",
        data=str(written("mmsa")[0]),
        settings=[*small_mind, "data.columns={text: text_bert}"],
        out=tmp_path / "runs",
        device="cpu",
    )
    assert results.test["mae"] > 0
