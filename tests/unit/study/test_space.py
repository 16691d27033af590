from functools import partial

import pytest

from mindkit.config.ablations import split
from mindkit.config.files import config_root
from mindkit.config.load import load_spec
from mindkit.config.source import node_of
from mindkit.errors import ConfigError, MindkitError
from mindkit.study.space import fit_space, read_space

METHODS = sorted(path.parent.name for path in config_root().glob("methods/*/default.yaml"))


@pytest.fixture
def fit(registries):
    """Fit what is searched to MInD: fit("width=8..16", settings=…, drop=…)."""

    def call(*search, space=None, settings=(), drop=(), method="mind"):
        load = partial(load_spec, registries, method)
        return fit_space(read_space(method, space, search), load, settings, drop)

    return call


class Fixed:
    """An Optuna trial that proposes given values, and keeps what it was asked for."""

    def __init__(self, value):
        self.value, self.asked = value, None

    def suggest_float(self, path, low, high, **how):
        self.asked = ("float", low, high, how)
        return self.value

    def suggest_int(self, path, low, high, **how):
        self.asked = ("int", low, high, how)
        return self.value

    def suggest_categorical(self, path, choices):
        self.asked = ("choices", choices)
        return self.value


@pytest.mark.parametrize("method", METHODS)
def test_a_shipped_space_fits_its_method_on_each_data_set_and_holds_its_own_values(
    method, registries
):
    try:
        space = read_space(method)
    except MindkitError:
        assert method in ("constant", "linear"), "nothing of these is searched"
        return
    kept, notes = fit_space(space, partial(load_spec, registries, method))
    assert (len(kept), notes) == (len(space), ())
    files = {path.stem for path in (config_root() / "methods" / method).glob("*.yaml")}
    for dataset in files.intersection(registries.datasets.names()):
        tree = node_of(load_spec(registries, method, dataset=dataset).resolved)
        assert all(tree.at(split(one.path)).plain() in one for one in kept), dataset


def test_mind_searches_its_six_weights_the_rate_and_dropout():
    paths = {one.path for one in read_space("mind")}
    weights = {f"terms.{name}.weight" for name in ("np", "info", "cons", "diff", "recon", "cyr")}
    assert weights < paths
    assert "training.optimizer.rate" in paths
    assert "fusion.dropout" in paths


def test_a_method_has_the_space_of_its_base_with_what_its_own_file_says_otherwise():
    base, own = ({one.path: one for one in read_space(name)} for name in ("mind", "mind_paper"))
    assert base.keys() == own.keys()
    assert {path for path in base if str(base[path]) != str(own[path])} == {
        "terms.cyr.weight",
        "terms.diff.weight",
    }


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("terms.cons.weight=1e-05..0.1:log", "{low: 1e-5, high: 1e-1, log: true}"),
        ("fusion.dropout=0..0.6:0.1", "{low: 0.0, high: 0.6, step: 0.1}"),
        ("representations.invariant.layers=1..3", "{low: 1, high: 3}"),
        ("width=[64, 128]", "{choices: [64, 128]}"),
    ],
)
def test_a_line_says_what_an_entry_of_a_file_does(line, entry, tmp_path):
    file = tmp_path / "space.yaml"
    file.write_text(f"{line.partition('=')[0]}: {entry}\n")
    (of_line,), (of_file,) = read_space("mind", None, [line]), read_space("mind", str(file))
    assert str(of_line) == str(of_file) == line.partition("=")[2]


def test_lines_take_the_place_of_the_methods_space_and_come_beside_one_that_is_named():
    line = "terms.cons.weight=1e-3..1e-2:log"
    assert [one.path for one in read_space("mind", None, [line])] == ["terms.cons.weight"]
    beside = {one.path: str(one) for one in read_space("mind", "mind", [line])}
    assert len(beside) == len(read_space("mind"))
    assert beside["terms.cons.weight"] == "0.001..0.01:log"


def test_whole_numbers_are_searched_as_such_unless_the_option_has_fractions(fit):
    (layers, weight), _ = fit("representations.invariant.layers=1..3", "terms.cons.weight=0..2")
    assert layers.suggest(trial := Fixed(2)) == 2
    assert trial.asked == ("int", 1, 3, {"log": False, "step": 1})
    assert weight.suggest(trial := Fixed(0.5)) == 0.5
    assert trial.asked == ("float", 0, 2, {"log": False, "step": None})


def test_a_number_has_three_digits_and_stays_within_its_bounds(fit):
    (weight,), _ = fit("terms.cons.weight=1.2345e-5..9.8765e-2:log")
    assert weight.suggest(Fixed(0.000314159)) == 0.000314
    assert weight.suggest(Fixed(1.2346e-5)) == 1.2345e-5
    assert weight.suggest(Fixed(0.0987649)) == 9.8765e-2


def test_the_configs_own_value_keeps_all_its_digits(fit):
    (weight,), _ = fit("terms.cons.weight=1e-5..1e-1:log")
    assert weight.own == 1e-4
    (odd,), _ = fit("terms.info.weight=1e-5..1e-1:log", method="mind_paper")
    assert odd.suggest(Fixed(3.333e-3)) == 3.333e-3


def test_what_is_set_or_dropped_is_not_searched_and_it_is_said(fit):
    kept, notes = fit(
        "terms.cons.weight=1e-5..1e-1:log",
        "terms.cyr.weight=1e-5..1e-1:log",
        "terms.diff.weight=1e-5..1e-1:log",
        settings=["terms.cons.weight=0.1"],
        drop=["cyr"],
    )
    assert [one.path for one in kept] == ["terms.diff.weight"]
    assert notes == (
        "terms.cons.weight is not searched: --set gives it",
        "terms.cyr.weight is not searched: it was dropped",
    )


def test_that_the_config_itself_lies_outside_is_said(fit):
    _, notes = fit("terms.cons.weight=1e-3..1e-1:log")
    assert notes == (
        "terms.cons.weight is 0.0001, outside of 0.001..0.1:log: the config as it stands is no "
        "trial",
    )


def test_nothing_left_to_search_is_an_error(fit):
    with pytest.raises(MindkitError, match=r"nothing is left to search\nterms\.cons\.weight"):
        fit("terms.cons.weight=1e-5..1e-1:log", settings=["terms.cons.weight=0.1"])


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("{lo: 1, high: 2}", "no entry 'lo' in a range; did you mean 'low'?"),
        ("{low: 1}", "`high` is a number, got nothing (null)"),
        ("{low: a, high: 2}", "`low` is a number, got text"),
        ("{low: 1, high: .inf}", "`high` is a finite number, got inf"),
        ("{low: 2, high: 1}", "`low` is less than `high`, got 2 and 1"),
        ("{low: 0, high: 1, log: true}", "on a logarithmic scale `low` is above 0"),
        ("{low: 1, high: 2, log: true, step: 1}", "and there is no `step`"),
        ("{low: 1, high: 2, log: 3}", "`log` is true or false, got 3"),
        ("{low: 0.0, high: 0.5, step: 0.2}", "from 0 one does not come to 0.5 in steps of 0.2"),
        ("{choices: []}", "`choices` is a list of values, got []"),
        ("{choices: [[1]]}", "a choice is one value, got a list: [1]"),
        ("{choices: [1], low: 2}", "`choices` stand alone"),
        ("0.1", "{low: …, high: …} or {choices: […]} is wanted, got a number"),
    ],
)
def test_a_mistake_in_a_file_is_shown_at_its_place(entry, what, tmp_path):
    file = tmp_path / "space.yaml"
    file.write_text(f"# mine\nterms.cons.weight: {entry}\n")
    with pytest.raises(ConfigError) as caught:
        read_space("mind", str(file))
    (problem,) = caught.value.problems
    assert problem.where == f"{file}:2:1: terms.cons.weight"
    assert what in problem.what
    assert f"2 > terms.cons.weight: {entry}" in problem.excerpt


@pytest.mark.parametrize("line", ["width", "width=3", "=1..2", "width={a: 1}"])
def test_a_line_that_is_no_search_is_an_error_with_the_notation(line):
    with pytest.raises(ConfigError, match=r"a search is PATH=LOW\.\.HIGH"):
        read_space("mind", None, [line])


def test_a_path_that_does_not_exist_is_an_error_with_its_place_and_a_near_one(tmp_path, fit):
    file = tmp_path / "space.yaml"
    file.write_text(
        "terms.cons.wieght: {low: 1e-5, high: 1, log: true}\nterms.cons: {low: 1, high: 2}\n"
    )
    with pytest.raises(ConfigError) as caught:
        fit(space=str(file))
    first, second = caught.value.problems
    assert first.where == f"{file}:1:1: terms.cons.wieght"
    assert first.what == "this config has no such value; did you mean 'terms.cons.weight'?"
    assert second.what == "terms.cons is a map; name one value in it"


def test_a_value_that_the_config_refuses_is_an_error_at_the_place_of_its_range(tmp_path, fit):
    file = tmp_path / "space.yaml"
    file.write_text("training.epochs: {low: 0, high: 9}\nterms.diff.kernel: {choices: [rbf, x]}\n")
    with pytest.raises(ConfigError) as caught:
        fit(space=str(file))
    kernel, epochs = sorted(caught.value.problems, key=lambda problem: problem.where, reverse=True)
    assert epochs.where == f"{file}:1:1: training.epochs"
    assert "got 0" in epochs.what
    assert kernel.where == f"{file}:2:1: terms.diff.kernel"
    assert "'x'" in kernel.what or '"x"' in kernel.what


def test_a_method_without_a_space_says_how_to_give_one(tmp_path):
    (tmp_path / "own.yaml").write_text("name: own\n")
    with pytest.raises(MindkitError, match=r"--search training\.optimizer\.rate=1e-5\.\.1e-2:log"):
        read_space(str(tmp_path / "own.yaml"))
