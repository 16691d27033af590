import pytest
import yaml

from mindkit.config.load import dump, spec_from_resolved, spec_hash
from mindkit.errors import ConfigError


@pytest.fixture
def reload(registries, tmp_path):
    def call(spec):
        (tmp_path / "config.yaml").write_text(dump(spec), encoding="utf-8")
        return spec_from_resolved(registries, tmp_path / "config.yaml")

    return call


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"dataset": "mosei", "training": "quick"},
        {"drop": ["audio"]},
        {"drop": ["noise", "cons"]},
        {"drop": ["plain"]},
        {"drop": ["audio", "vision"]},
        {"settings": ["training.optimizer.type=sgd", "training.optimizer.momentum=0.9"]},
        {"settings": ["terms.diff.weight={start: 0, end: 1e-5}", "terms.diff.pairs=ordered"]},
        {"settings": ["terms.info.type=club", "terms.info.learning.steps=3"]},
        {"settings": ["training.optimizer.groups=[{match: 'a: #b|\\d', rate: 1e-5}]"]},
        {"settings": ["data.standardize={audio: none}", "data.path='été — 1e-3 [x]'"]},
        {"settings": ["data.path='1e-3'", "training.clip.norm=1"]},
    ],
)
def test_a_saved_config_is_read_back_to_the_same_spec(load, reload, options):
    spec = load(**options)
    again = reload(spec)
    assert again == spec
    assert spec_hash(again) == spec_hash(spec)


def test_the_dump_shows_the_origin_of_each_value_at_the_end_of_its_line(load):
    text = dump(load(settings=["terms.diff.weight=0.5"]))
    lines = {line.split("#")[0].strip(): line.split("# ")[-1] for line in text.splitlines()}
    assert lines["weight: 0.5"] == "--set terms.diff.weight=0.5"
    assert lines["kernel: linear"] == "default"
    assert lines["- [invariant.$m, invariant.$n]"] == "configs/methods/small/default.yaml:25:54"


def test_the_dump_ends_with_what_was_dropped_and_why(load):
    text = dump(load(drop=["noise"]))
    dropped = text[text.index("\ndropped:") :]
    assert '- "np: no rows left, since noise was dropped"' in dropped


def test_the_dump_can_do_without_origins(load):
    assert "#" not in dump(load(), origins=False)


def test_other_yaml_readers_read_the_dump_alike(load):
    spec = load(settings=["training.optimizer.rate=1e-5", "terms.diff.weight=1e-3"])
    assert yaml.safe_load(dump(spec)) == spec.resolved


def test_the_hash_changes_with_what_changes_numbers(load):
    plain = spec_hash(load())
    assert len(plain) == 8
    assert spec_hash(load(settings=["terms.diff.weight=0.1"])) != plain
    assert spec_hash(load(settings=["training.seed=1"])) != plain
    assert spec_hash(load(drop=["np"])) != plain


def test_the_hash_ignores_trackers_and_how_often_is_logged(load):
    settings = ["training.trackers=[]", "training.log_every=99"]
    assert spec_hash(load(settings=settings)) == spec_hash(load())


def test_a_stamp_is_carried_along_and_is_not_part_of_the_hash(load, reload):
    spec = load(settings=["stamp='guessed: all of it'"])
    assert reload(spec).method.stamp == spec.method.stamp == "guessed: all of it"
    assert spec_hash(spec) == spec_hash(load())
    assert "stamp" not in dump(load())


def test_the_hash_does_not_depend_on_how_a_number_is_written(load):
    assert spec_hash(load(settings=["terms.np.weight=1"])) == spec_hash(load())


def test_a_saved_config_that_was_damaged_is_an_error_with_its_place(load, registries, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(dump(load()).replace("type: hsic", "type: hsc"))
    with pytest.raises(ConfigError, match="did you mean 'hsic'"):
        spec_from_resolved(registries, path)


def test_a_method_without_a_name_takes_that_of_its_file(load, root):
    (root.parent / "mine.yaml").write_text(
        (root / "methods" / "small" / "default.yaml").read_text().replace("name: small\n", "")
    )
    assert load("mine.yaml").method.name == "mine"
