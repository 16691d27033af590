import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from mindkit.data import importing
from mindkit.data.blocks import BlockWriter
from mindkit.data.checking import sha256
from mindkit.data.formats.folder import write_folder
from mindkit.data.importing import import_data, load_imported, load_path
from mindkit.data.leaks import refuse_leaks
from mindkit.data.raw import SPLITS
from mindkit.data.store import Column, Split, Store
from mindkit.errors import DataError, MindkitError
from mindkit.kinds import Dataset
from mindkit.registry import Registries

N = 6


class Toy(Dataset):
    label_range = (-3.0, 3.0)


class Kinds(Dataset):
    task = "classification"
    num_outputs = 2


@pytest.fixture
def registries():
    made = Registries()
    made.datasets.add("toy", Toy)
    made.datasets.add("kinds", Kinds)
    return made


@pytest.fixture
def file(tmp_path):
    np.savez(
        tmp_path / "toy.npz",
        id=np.array([f"ü{i}" for i in range(N)]),
        label=np.linspace(-3, 3, N),
        split=np.array(["train", "train", "valid", "valid", "test", "test"]),
        other=np.array(["test", "test", "valid", "valid", "train", "train"]),
        text=np.array(["größe", "a b", "c", "d", "e", "f"]),
        audio=np.random.default_rng(0).random((N, 4, 3)),
        vision=np.random.default_rng(1).random((N, 2)),
    )
    return tmp_path / "toy.npz"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MINDKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_an_import_reads_back_as_the_file_itself(file, home, registries):
    import_data("toy", file, home=home, registries=registries)
    store = load_imported("toy", home)
    assert store.digest == load_path(file, Toy, "toy").digest
    assert store.splits["train"].columns["text"].values == ["größe", "a b"]
    assert store.label_range == (-3.0, 3.0) and not store.simulated


def test_every_block_is_memory_mapped_without_pickles(file, home, registries):
    folder = import_data("toy", file, home=home, registries=registries)
    blocks = sorted(folder.rglob("*.npy"))
    assert len(blocks) == 3 * 4
    for block in blocks:
        assert np.load(block, mmap_mode="r", allow_pickle=False).size > 0
    assert {p.suffix for p in folder.rglob("*") if p.is_file()} == {".npy", ".json"}


def test_the_manifest_says_where_everything_comes_from(file, home, registries):
    folder = import_data(
        "toy",
        file,
        columns={"vision": ""},
        leaky={"audio": "I say so"},
        home=home,
        registries=registries,
    )
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["source"] == "toy.npz" and len(manifest["sha256"]) == 64
    assert manifest["roles"]["audio"] == "audio" and "vision" not in manifest["roles"]
    assert manifest["samples"] == {"train": 2, "valid": 2, "test": 2}
    assert manifest["columns"]["audio"]["provenance"] == "array 'audio' of toy.npz"
    assert manifest["leaky"] == {"audio": "I say so"}
    assert manifest["notes"] == ["not used: other, vision"]


def test_an_import_that_is_there_is_kept_unless_it_is_replaced(file, home, registries):
    import_data("toy", file, home=home, registries=registries)
    with pytest.raises(DataError, match=r"'toy' is imported already, in .*--replace"):
        import_data("toy", file, home=home, registries=registries)
    again = {"columns": {"split": "other"}, "replace": True}
    import_data("toy", file, home=home, registries=registries, **again)
    assert load_imported("toy", home).split_column == "other"


@pytest.mark.parametrize(
    ("stop", "raised"), [(KeyboardInterrupt(), KeyboardInterrupt), (OSError("full"), DataError)]
)
def test_an_interrupted_import_leaves_nothing(file, home, registries, monkeypatch, stop, raised):
    def half(self, *_):
        assert (self.folder / "train" / "ids.json").is_file()
        raise stop

    monkeypatch.setattr(BlockWriter, "text", half)
    with pytest.raises(raised):
        import_data("toy", file, home=home, registries=registries)
    assert list((home / "data").iterdir()) == []


def test_a_killed_import_leaves_no_data_set_and_nothing_after_the_next(file, home, registries):
    killed = """
import os, signal, sys
from mindkit.data.blocks import BlockWriter
from mindkit.data.importing import import_data
from mindkit.kinds import Dataset
from mindkit.registry import Registries

BlockWriter.text = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
made = Registries()
made.datasets.add("toy", Dataset)
import_data("toy", sys.argv[1], home=sys.argv[2], registries=made)
"""
    done = subprocess.run([sys.executable, "-c", killed, str(file), str(home)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path.name.endswith(".tmp") for path in (home / "data").iterdir()] == [True]
    import_data("toy", file, home=home, registries=registries)
    assert [path.name for path in (home / "data").iterdir()] == ["toy"]


def test_a_refused_replacement_keeps_the_old_import(file, home, registries, tmp_path):
    import_data("toy", file, home=home, registries=registries)
    before = load_imported("toy", home).digest
    np.savez(tmp_path / "bad.npz", label=np.zeros(2), split=np.array(["train", "test"]))
    with pytest.raises(DataError):
        import_data("toy", tmp_path / "bad.npz", replace=True, home=home, registries=registries)
    assert load_imported("toy", home).digest == before


def test_an_unknown_data_set_is_named_with_the_nearest(file, home, registries):
    with pytest.raises(MindkitError, match="no data set named 'toi'; did you mean 'toy'"):
        import_data("toi", file, home=home, registries=registries)


def test_a_folder_of_no_layout_is_refused_with_what_is_in_it(tmp_path, home, registries):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"no layout that is known; it holds notes.txt; known are"):
        import_data("toy", tmp_path / "odd", home=home, registries=registries)


def test_a_changed_block_is_noticed(file, home, registries):
    folder = import_data("toy", file, home=home, registries=registries)
    block = folder / "train" / "target.npy"
    np.save(block, np.load(block) + 1)
    with pytest.raises(DataError, match=r"has changed since it was written.*import the data again"):
        load_imported("toy", home)


def test_a_missing_block_is_noticed(file, home, registries):
    folder = import_data("toy", file, home=home, registries=registries)
    (folder / "valid" / "audio.npy").unlink()
    with pytest.raises(DataError, match=r"is damaged .*audio.npy"):
        load_imported("toy", home)


def test_another_format_is_refused(file, home, registries):
    folder = import_data("toy", file, home=home, registries=registries)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 1}))
    with pytest.raises(
        DataError, match=r"has format 1, but this .* format 2; import the data again"
    ):
        load_imported("toy", home)


def test_a_path_may_be_an_imported_folder(file, home, registries):
    folder = import_data("toy", file, home=home, registries=registries)
    assert load_path(folder, Toy, "toy").digest == load_imported("toy", home).digest


def test_a_folder_of_another_task_is_refused(file, home, registries):
    folder = import_data("toy", file, home=home, registries=registries)
    with pytest.raises(DataError, match=r"holds 'toy' \(regression.*pass --dataset toy"):
        load_path(folder, Kinds, "kinds")


def test_a_path_that_is_not_there_is_named(file):
    with pytest.raises(DataError, match=r"no file .*toi.npz'; did you mean 'toy.npz'"):
        load_path(file.with_name("toi.npz"), Toy, "toy")


def test_declaring_an_unknown_modality_leaky_is_refused(file):
    with pytest.raises(
        DataError, match=r"leaky: toy.npz has no modality 'visoin'; did you mean 'vision'"
    ):
        load_path(file, Toy, "toy", leaky={"visoin": "trained on labels"})


def known(file, split, array):
    class Known(Toy):
        known_leaks = {sha256(file): {split: {array: "it was trained on them"}}}  # noqa: RUF012

    return Known


def test_files_known_to_leak_are_declared_for_the_split_column_concerned(file):
    dataset = known(file, "split", "vision")
    assert load_path(file, dataset, "toy").leaky == {"vision": "it was trained on them"}
    assert load_path(file, dataset, "toy", columns={"split": "other"}).leaky == {}


def test_the_leak_follows_the_array_into_any_modality(file):
    dataset = known(file, "split", "vision")
    store = load_path(file, dataset, "toy", columns={"audio": "vision", "vision": ""})
    assert store.leaky == {"audio": "it was trained on them"}


def test_using_a_leaky_modality_is_refused_with_reason_and_override(file):
    store = load_path(file, Toy, "toy", leaky={"vision": "it was trained on them"})
    with pytest.raises(DataError) as caught:
        refuse_leaks(store, ["text", "vision"], allow=False)
    for part in ("array 'vision' of toy.npz", "'split'", "it was trained on them"):
        assert part in str(caught.value)
    assert "--set data.allow_leaky=true" in str(caught.value)


def test_a_leaky_modality_that_is_left_out_does_no_harm(file):
    store = load_path(file, Toy, "toy", leaky={"vision": "x"})
    assert refuse_leaks(store, ["text", "audio"], allow=False) == []


def test_an_overridden_leak_gives_a_stamp_for_every_output(file):
    store = load_path(file, Toy, "toy", leaky={"vision": "x"})
    (stamp,) = refuse_leaks(store, ["vision"], allow=True)
    assert stamp.startswith("LEAKY FEATURES: vision knows labels under split 'split'")


def test_padded_features_come_back_as_sequences(file, home, registries):
    import_data("toy", file, home=home, registries=registries)
    column = load_imported("toy", home).splits["train"].columns["audio"]
    assert column.lengths.tolist() == [4, 4] and column.values.dtype == torch.float32


def test_the_manifest_holds_the_hashes_of_what_was_read_and_written(file, home, registries):
    folder = import_data("toy", file, home=home, registries=registries)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["sha256"] == sha256(file) and manifest["files_read"] == {
        "toy.npz": sha256(file)
    }
    assert (manifest["reader"], manifest["layout"]) == ("table", "NumPy archive (.npz)")
    written = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert written == {*manifest["files"], "manifest.json", "checked.json"}
    for name, facts in manifest["files"].items():
        assert facts == {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)}


def test_a_published_file_is_called_by_its_name(file, home, registries):
    class Published(Toy):
        known_files = {sha256(file): "the authors' file"}  # noqa: RUF012

    registries.datasets.add("published", Published)
    folder = import_data("published", file, home=home, registries=registries)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["known_file"] == "the authors' file"


@pytest.fixture
def conversions(monkeypatch):
    """The names of the files that are converted."""
    names = []
    honest = importing.convert
    monkeypatch.setattr(
        importing, "convert", lambda raw, *a, **k: names.append(raw.name) or honest(raw, *a, **k)
    )
    return names


def test_a_path_is_converted_once_and_then_mapped(file, conversions):
    first, second = (load_path(file, Toy, "toy") for _ in range(2))
    assert conversions == ["toy.npz"] and first.digest == second.digest


def test_a_path_is_converted_again_when_file_or_request_are_others(file, conversions):
    first = load_path(file, Toy, "toy")
    assert load_path(file, Toy, "toy", columns={"text": ""}).modalities == ("audio", "vision")
    with np.load(file) as archive:
        np.savez(file, **{**archive, "label": np.zeros(N)})
    assert load_path(file, Toy, "toy").digest != first.digest
    assert len(conversions) == 3


def test_a_damaged_copy_of_a_path_is_made_again(file, home, conversions):
    first = load_path(file, Toy, "toy")
    (folder,) = (path for path in (home / "cache").iterdir() if path.is_dir())
    (folder / "train" / "audio.npy").write_bytes(b"")
    assert load_path(file, Toy, "toy").digest == first.digest
    assert len(conversions) == 2


def test_a_folder_that_mindkit_wrote_is_imported_as_it_is(file, tmp_path, home, registries):
    made = import_data("toy", file, leaky={"audio": "x"}, home=tmp_path, registries=registries)
    store = load_path(import_data("toy", made, home=home, registries=registries), Toy, "toy")
    assert (store.source, store.leaky) == ("toy.npz", {"audio": "x"})
    assert store.digest == load_imported("toy", tmp_path).digest


def test_a_simulated_folder_stays_simulated_when_it_is_imported(tmp_path, home, registries):
    parts = {s: Split([s], {"a": Column.of_text(["x"])}, torch.zeros(1)) for s in SPLITS}
    store = Store("toy", parts, "regression", simulated=True).with_digest()
    (tmp_path / "made").mkdir()
    write_folder(store, tmp_path / "made", {})
    import_data("toy", tmp_path / "made", home=home, registries=registries)
    assert load_imported("toy", home).simulated


@pytest.mark.parametrize(
    "options", [{"columns": {"text": ""}}, {"splits": {"train": "a"}}, {"nan": "zero"}]
)
def test_options_that_come_too_late_are_refused(file, home, registries, options):
    folder = import_data("toy", file, home=home, registries=registries)
    with pytest.raises(DataError, match="leave the options out, or import the original file again"):
        load_path(folder, Toy, "toy", **options)


def test_folds_split_a_table_that_has_videos_only(file, tmp_path, home, registries):
    with np.load(file) as archive:
        arrays = {**archive, "video_id": np.array(list("abcabc"))}
    del arrays["split"], arrays["other"]
    np.savez(file, **arrays)
    (tmp_path / "folds.csv").write_text("video_id,split\na,train\nb,dev\nc,test\n")
    folds = {"folds": tmp_path / "folds.csv", "home": home, "registries": registries}
    store = load_path(import_data("toy", file, **folds), Toy, "toy")
    assert store.splits["valid"].ids == ["ü1", "ü4"]


def test_folds_that_would_change_nothing_are_refused(file, tmp_path):
    (tmp_path / "folds.csv").write_text("video_id,split\na,train\n")
    with pytest.raises(DataError, match="so folds cannot be applied; leave --folds out"):
        load_path(file, Toy, "toy", folds=tmp_path / "folds.csv")


def test_a_file_that_is_none_is_refused(tmp_path, registries):
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(DataError, match="is neither a file nor a folder"):
        load_path(tmp_path / "pipe.npz", Toy, "toy")
