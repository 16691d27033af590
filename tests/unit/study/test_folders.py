"""What is read from a run's folder is what was written to it."""

import json

import pytest

from mindkit.config.load import dump, load_spec
from mindkit.config.source import node_of, read_file
from mindkit.errors import MindkitError
from mindkit.study.folders import find_runs, is_run, read_record, read_settings, status_of
from mindkit.train.locking import locked


@pytest.fixture
def folder(tmp_path):
    """A run's folder with nothing but an environment: it has begun."""
    path = tmp_path / "runs" / "one"
    path.mkdir(parents=True)
    (path / "environment.json").write_text("{}")
    return path


@pytest.mark.parametrize("method", ["mind", "misa", "mmim", "self_mm", "dmd"])
def test_a_setting_has_the_value_and_the_origin_that_were_written(registries, tmp_path, method):
    settings = ["training.optimizer.rate=1e-05", "data.path='no # path: at \"all\"'"]
    spec = load_spec(registries, method, dataset="mosi", settings=settings)
    (tmp_path / "config.yaml").write_text(dump(spec), encoding="utf-8")
    found = read_settings(tmp_path)
    tree = read_file(tmp_path / "config.yaml")
    leaves = {path: setting for path, setting in found.items() if not path.startswith("dropped")}
    for path, setting in leaves.items():
        value = tree
        for key in path.replace("[", ".[").split("."):
            value = value.value[int(key[1:-1]) if key.startswith("[") else key]
        assert setting.value == value.plain(), path
    assert {path for path, one in leaves.items() if one.origin == spec.origins.get(path)} >= {
        path for path in leaves if path in spec.origins
    }
    assert found["training.optimizer.rate"].origin == "--set training.optimizer.rate=1e-05"
    assert found["data.path"].value == 'no # path: at "all"'


def test_every_value_of_a_config_is_found(registries, tmp_path):
    spec = load_spec(registries, "mind", dataset="mosi", drop=["cyr"])
    (tmp_path / "config.yaml").write_text(dump(spec), encoding="utf-8")
    found = read_settings(tmp_path)
    leaves = [value for _, one in node_of(spec.resolved).leaves() for value in [one.value]]
    read = [one for setting in found.values() for _, one in node_of(setting.value).leaves()]
    assert len(read) == len(leaves) + len(spec.dropped)
    assert found["dropped[0]"].value == "cyr: dropped (--drop cyr)"


def test_a_config_that_is_not_yaml_is_damaged(tmp_path):
    (tmp_path / "config.yaml").write_text("training: {seed: 1")
    with pytest.raises(MindkitError, match=r"config\.yaml is damaged \(.*\); --fresh"):
        read_settings(tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MindkitError, match=r"metrics\.json is missing; --fresh"):
        read_record(tmp_path / "metrics.json")


def test_a_file_of_other_bytes_is_damaged(tmp_path):
    (tmp_path / "metrics.json").write_bytes(b"\xff\xfe")
    with pytest.raises(MindkitError, match=r"metrics\.json is damaged .*decode byte 0xff"):
        read_record(tmp_path / "metrics.json")


def test_states_are_told_by_what_there_is(folder):
    assert status_of(folder) == "interrupted"
    (folder / "error.txt").write_text("no memory")
    assert status_of(folder) == "failed"
    (folder / "pruned.txt").write_text("mae 1.5 on validation in epoch 6")
    assert status_of(folder) == "pruned"
    (folder / "metrics.json").write_text("{}")
    assert status_of(folder) == "finished"


def test_a_run_whose_lock_is_held_is_running_and_then_not(folder):
    with locked([folder]):
        assert status_of(folder) == "running"
    assert status_of(folder) == "interrupted"


def test_runs_are_found_at_any_depth_by_name_and_hidden_folders_are_not_looked_into(tmp_path):
    for name in ("b/two", "a", "b/one", ".hidden/three", "b/notes"):
        (tmp_path / name).mkdir(parents=True)
        if not name.endswith("notes"):
            (tmp_path / name / "environment.json").write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "b")
    found = [str(path.relative_to(tmp_path)) for path in find_runs(tmp_path)]
    assert found == ["a", "b/one", "b/two"]


def test_the_folder_of_a_run_is_that_run(folder):
    assert list(find_runs(folder)) == [folder]
    assert is_run(folder)
    assert not is_run(folder.parent)


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(MindkitError, match=r"no folder .*absent; name the one that --out"):
        list(find_runs(tmp_path / "absent"))


def test_a_record_is_read_as_it_is(tmp_path):
    (tmp_path / "metrics.json").write_text(json.dumps({"seed": 3}))
    assert read_record(tmp_path / "metrics.json") == {"seed": 3}
