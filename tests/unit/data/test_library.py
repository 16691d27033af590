import numpy as np
import pytest

from mindkit.config.spec import Data
from mindkit.data.formats.folder import read_folder
from mindkit.data.home import cache_folder, data_folder
from mindkit.data.importing import import_data
from mindkit.data.library import list_data, open_store, simulate_data
from mindkit.data.simulate import Recipe, Signal, simulate
from mindkit.errors import DataError
from mindkit.kinds import Dataset
from mindkit.registry import Registries


class Toy(Dataset):
    label_range = (-3.0, 3.0)
    splits = {"train": 20, "valid": 5, "test": 5}  # noqa: RUF012

    def simulate(self, seed=0):
        shares = {"shared": 1.0, "text": 0.5, "audio": 0.5, "error": 0.1}
        return simulate(
            Recipe(
                "toy",
                self.splits,
                {"train": 4, "valid": 1, "test": 1},
                {"audio": Signal(3)},
                shares,
                (("bad",), ("good",)),
                ("um",),
            ),
            seed,
        )


@pytest.fixture
def registries():
    made = Registries()
    with made.registering("toys"):
        made.datasets.add("toy", Toy)
    return made


@pytest.fixture
def file(tmp_path):
    split = np.array(["train", "train", "valid", "test"])
    np.savez(tmp_path / "real.npz", label=np.zeros(4), split=split, audio=np.ones((4, 2)))
    return tmp_path / "real.npz"


def test_without_an_import_the_data_are_simulated_and_say_so(registries, tmp_path):
    store = open_store(Data(name="toy"), registries, tmp_path)
    assert store.simulated and len(store.splits["train"]) == 20


def test_its_modalities_are_the_columns_that_are_named(registries, tmp_path):
    data = Data(name="toy", columns={"vision": "audio"})
    columns = open_store(data, registries, tmp_path).splits["test"].columns
    assert columns["vision"] is columns["audio"]
    with pytest.raises(DataError, match=r"data.columns.vision: toy .*; did you mean 'audio'\?"):
        open_store(Data(name="toy", columns={"vision": "adio"}), registries, tmp_path)


def test_an_imported_copy_comes_before_simulation(registries, tmp_path, file):
    import_data("toy", file, home=tmp_path, registries=registries)
    store = open_store(Data(name="toy"), registries, tmp_path)
    assert not store.simulated and store.source == "real.npz"


def test_a_path_comes_before_the_imported_copy(registries, tmp_path, file):
    import_data("toy", file, home=tmp_path, registries=registries)
    np.savez(tmp_path / "b.npz", **{**np.load(file), "label": np.ones(4)})
    data = Data(name="toy", path=str(tmp_path / "b.npz"))
    assert open_store(data, registries, tmp_path).splits["test"].target.tolist() == [1]


def test_no_simulation_makes_missing_data_an_error_that_says_how_to_import(registries, tmp_path):
    with pytest.raises(DataError) as caught:
        open_store(Data(name="toy", simulate=False), registries, tmp_path)
    assert "mindkit data import toy PATH" in str(caught.value)
    assert "'toy' is not imported" in str(caught.value)


def test_a_damaged_import_is_never_replaced_by_a_simulation(registries, tmp_path, file):
    folder = import_data("toy", file, home=tmp_path, registries=registries)
    (folder / "manifest.json").unlink()
    with pytest.raises(DataError, match=r"holds no manifest.json"):
        open_store(Data(name="toy"), registries, tmp_path)


def test_listing_shows_what_is_imported(registries, tmp_path, file):
    (before,) = list_data(home=tmp_path, registries=registries)
    assert (before.name, before.plugin, before.source) == ("toy", "toys", None)
    assert before.samples == {"train": 20, "valid": 5, "test": 5}
    import_data("toy", file, leaky={"audio": "x"}, home=tmp_path, registries=registries)
    (after,) = list_data(home=tmp_path, registries=registries)
    assert after.source == "real.npz" and after.leaky == {"audio": "x"}
    assert after.samples == {"train": 2, "valid": 1, "test": 1}


def test_the_task_that_labels_tell_is_listed_once_they_are_there(registries, file, tmp_path):
    class Own(Toy):
        task = ""

        @classmethod
        def fitted(cls, labels):
            return type("Own", (cls,), {"task": "regression", "metrics": ("mae",)})

    registries.datasets.add("own", Own)
    assert list_data(home=tmp_path, registries=registries)[0].task == ""
    import_data("own", file, home=tmp_path, registries=registries)
    assert list_data(home=tmp_path, registries=registries)[0].task == "regression"


def test_listing_survives_a_damaged_import(registries, tmp_path, file):
    folder = import_data("toy", file, home=tmp_path, registries=registries)
    (folder / "manifest.json").write_text("{")
    (listed,) = list_data(home=tmp_path, registries=registries)
    assert "cannot be read" in listed.fault


def test_simulated_data_are_kept_with_their_factors(registries, tmp_path):
    folder = simulate_data("toy", tmp_path / "out", seed=2, registries=registries)
    with np.load(folder / "factors.npz", allow_pickle=False) as factors:
        assert factors["train/shared"].shape == (20, 4)
        assert factors["test/private.audio"].shape == (5, 3)
    store = read_folder(folder)
    assert store.simulated and store.digest == Toy().simulate(2).digest
    assert store.factors["valid"]["noise.text"].shape == (5, 3)


def test_simulated_data_are_used_by_their_path_and_still_say_so(registries, tmp_path):
    folder = simulate_data("toy", tmp_path / "out", registries=registries)
    assert open_store(Data(name="toy", path=str(folder)), registries, tmp_path).simulated


def test_a_folder_that_is_there_is_not_written_over(registries, tmp_path):
    simulate_data("toy", tmp_path / "out", registries=registries)
    with pytest.raises(DataError, match="exists already"):
        simulate_data("toy", tmp_path / "out", registries=registries)
    simulate_data("toy", tmp_path / "out", seed=1, replace=True, registries=registries)
    assert read_folder(tmp_path / "out").source == "simulated (seed 1)"


def test_the_home_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MINDKIT_HOME", str(tmp_path))
    assert data_folder() == tmp_path / "data" and cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("MINDKIT_HOME")
    assert "mindkit" in data_folder().parts
