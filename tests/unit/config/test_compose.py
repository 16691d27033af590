import pytest

from mindkit.config.ablations import split
from mindkit.config.compose import apply, compose, merge, parse_settings
from mindkit.config.files import config_root
from mindkit.config.source import read_text


def merged(base, over):
    return merge(read_text(base, "base"), read_text(over, "over")).plain()


def term(spec, name):
    return next(one for one in spec.method.terms if one.name == name)


def test_maps_merge_and_lists_replace():
    assert merged("a: {b: 1, c: [1, 2]}", "a: {c: [3], d: 4}") == {"a": {"b": 1, "c": [3], "d": 4}}


def test_a_new_type_resets_options_and_keeps_the_structure_of_the_term():
    base = (
        "terms: {t: {type: jsd, goal: maximize, weight: 2, reduce: sum, inputs: [[a, b]],"
        " pairs: ordered, learning: {steps: 2}, hidden: 7}}"
    )
    kept = merged(base, "terms: {t: {type: hsic, kernel: rbf}}")["terms"]["t"]
    assert "hidden" not in kept
    assert kept == {
        "type": "hsic",
        "goal": "maximize",
        "weight": 2,
        "reduce": "sum",
        "inputs": [["a", "b"]],
        "pairs": "ordered",
        "learning": {"steps": 2},
        "kernel": "rbf",
    }


def test_the_same_type_again_resets_nothing():
    base, over = "terms: {t: {type: jsd, hidden: 7}}", "terms: {t: {type: jsd}}"
    assert merged(base, over) == {"terms": {"t": {"type": "jsd", "hidden": 7}}}


def test_a_new_stage_keeps_where_it_comes_from():
    base = "representations: {s: {type: mlp, from: encoded, share: true, dropout: 0.1}}"
    kept = merged(base, "representations: {s: {type: linear}}")["representations"]["s"]
    assert kept == {"type": "linear", "from": "encoded", "share": True}


def test_layers_win_from_defaults_to_the_data_set(load):
    spec = load(dataset="mosei")
    assert spec.training.epochs == 50  # training/default.yaml over the dataclass
    assert spec.method.width == 16  # methods/small/mosei.yaml over default.yaml
    assert term(spec, "diff").weight == 2e-3
    assert spec.data.standardize == "utterance"  # datasets/mosei.yaml
    assert spec.data.name == "mosei"


def test_a_method_s_file_on_a_data_set_wins_over_what_holds_for_any_method(load, root):
    (root / "datasets" / "mosei.yaml").write_text("width: 3\ntraining: {epochs: 9}\n")
    spec = load(dataset="mosei")
    assert spec.training.epochs == 9
    assert spec.method.width == 16  # methods/small/mosei.yaml


def test_what_holds_for_any_method_wins_over_a_method_without_a_file_on_the_data_set(load, root):
    (root / "datasets" / "mosi.yaml").write_text("width: 3\n")
    assert load(dataset="mosi").method.width == 3


def test_the_data_set_of_the_config_is_taken_when_none_is_given(load):
    assert load().data.name == "mosi"


def test_a_training_fragment_wins_over_the_method_and_set_wins_over_it(load):
    spec = load(training="quick", settings=["training.epochs=7"])
    assert (spec.method.width, spec.training.epochs) == (8, 7)


def test_a_base_brings_its_method_with_the_values_of_the_data_set(load):
    spec = load("child", dataset="mosei")
    assert spec.method.name == "child"
    assert spec.method.width == 16
    assert term(spec, "diff").weight == 5e-3  # the child's own


def test_a_base_that_is_a_path_is_found_beside_the_file(load, root):
    (root.parent / "mine.yaml").write_text(
        "base: configs/methods/small/default.yaml\nname: mine\nwidth: 4\n"
    )
    spec = load("mine.yaml", dataset="mosei")
    assert (spec.method.name, spec.method.width) == ("mine", 4)


def test_a_method_that_is_a_path_inherits_the_ablations_of_its_base(load, root):
    (root.parent / "mine.yaml").write_text("base: small\n")
    assert [t.name for t in load("mine.yaml", drop=["plain"]).method.terms] == ["task"]


def test_a_file_that_is_its_own_base_is_an_error(mistakes, root):
    (root / "methods" / "child" / "default.yaml").write_text("base: child\n")
    assert "this file is its own base, by way of child" in mistakes("child")


def test_an_unknown_method_is_told_the_nearest(mistakes):
    assert "no method named 'smal'; did you mean 'small'?" in mistakes("smal")


def test_an_unknown_base_is_told_where_it_is_written(mistakes, root):
    (root / "methods" / "child" / "default.yaml").write_text("name: child\nbase: smaller\n")
    message = mistakes("child")
    assert message.startswith("configs/methods/child/default.yaml:2:1: base")
    assert "no method named 'smaller'; did you mean 'small'?" in message


def test_a_method_file_that_is_missing_is_named(mistakes):
    assert "no file gone.yaml in " in mistakes("gone.yaml")


def test_an_unknown_data_set_is_told_the_nearest(mistakes):
    message = mistakes(dataset="mosii")
    assert message.startswith("--dataset mosii: data.name")
    assert "no data set named 'mosii'; did you mean 'mosi'?" in message


def test_an_unknown_training_fragment_is_told_the_nearest(mistakes):
    assert "no file quik.yaml; did you mean 'quick'?" in mistakes(training="quik")


def test_options_of_the_command_line_are_the_origin_of_what_they_set(load):
    spec = load(dataset="mosei", data="my.npz", simulate=False, settings=["width=64"])
    assert spec.origins["data.name"] == "--dataset mosei"
    assert spec.origins["data.path"] == "--data my.npz"
    assert spec.origins["data.simulate"] == "--no-simulate"
    assert spec.origins["width"] == "--set width=64"


def test_every_leaf_has_an_origin(load):
    origins = load(dataset="mosei").origins
    assert origins["terms.diff.weight"] == "configs/methods/small/mosei.yaml:2:16"
    assert origins["terms.diff.inputs[1][0]"] == "configs/methods/small/default.yaml:31:10"
    assert origins["terms.diff.kernel"] == "default"
    assert origins["training.epochs"] == "configs/training/default.yaml:1:12"
    assert origins["training.batch_size"] == "default"


def test_a_set_type_is_applied_before_the_options_beside_it(load):
    for settings in (
        ["terms.cons.type=hsic", "terms.cons.kernel=rbf"],
        ["terms.cons.kernel=rbf", "terms.cons.type=hsic"],
    ):
        cons = term(load(settings=settings), "cons")
        assert (cons.block.type, cons.block.options) == ("hsic", {"kernel": "rbf"})
        assert cons.weight == 1e-4


def test_the_last_of_two_settings_wins(load):
    assert load(settings=["width=1", "width=2"]).method.width == 2


def test_set_wins_over_what_an_ablation_sets(load):
    spec = load(drop=["plain"], settings=["fusion.inputs=[encoded.text]"])
    assert [str(r) for r in spec.method.fusion.inputs] == ["encoded.text"]


def test_an_item_of_a_list_can_be_set(load):
    settings = ["terms.info.inputs[0].copy=shared", "terms.info.inputs.1.copy=own.$m"]
    copies = {row.copy for row in term(load(settings=settings), "info").rows if row.line < 2}
    assert copies == {"shared", "own.text", "own.audio", "own.vision"}


def test_a_whole_term_can_be_added(load):
    settings = ["terms.more={type: hsic, inputs: [[invariant.$m, encoded.$m]]}"]
    assert len(term(load(settings=settings), "more").rows) == 3


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("terms.dif.weight=1", "no term named 'dif'; did you mean 'diff'?"),
        ("encoders.txt.layers=1", "no encoder named 'txt'; did you mean 'text'?"),
        ("term.diff.weight=1", "a config has no key 'term'; did you mean 'terms'?"),
        ("terms.diff.wieght=1", "no option 'wieght'; did you mean 'weight'?"),
        ("terms.diff.kernell=rbf", "no option 'kernell'; did you mean 'kernel'?"),
        ("training.optimiser.rate=1", "no key 'optimiser'; did you mean 'optimizer'?"),
        ("training.epoch=1", "'training' has no key 'epoch'; did you mean 'epochs'?"),
        ("width.of=1", "width is a whole number (32), not a map"),
        ("terms.info.inputs[3].copy=a", "a list of 3; its items are terms.info.inputs[0] to [2]"),
        ("width", "a setting is PATH=VALUE, such as terms.diff.weight=0.01"),
        ("fusion.inputs=[a", "not valid YAML"),
    ],
)
def test_a_setting_whose_path_does_not_exist_is_an_error_with_a_hint(mistakes, setting, words):
    message = mistakes(settings=[setting])
    assert message.startswith(f"--set {setting}")
    assert words in message


def test_all_misplaced_settings_are_reported_together(mistakes):
    message = mistakes(settings=["terms.dif.weight=1", "terms.conss.weight=1"])
    assert "did you mean 'diff'" in message
    assert "did you mean 'cons'" in message


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (
            "a: {drop: [info], sett: {}}",
            "a.sett",
            "holds `drop` and `set` only; did you mean 'set'",
        ),
        ("a: {drop: info}", "a.drop", "`drop` is a list of names, got 'info'"),
        ("a: {set: [x]}", "a.set", "`set` is a map of paths and values, got a list"),
        ("a: [info]", "a", "an ablation is a map of `drop` and `set`, got a list"),
    ],
)
def test_an_ablation_holds_drop_and_set_only(mistakes, root, text, place, words):
    (root / "methods" / "small" / "ablations.yaml").write_text(text)
    message = mistakes(drop=["a"])
    assert f": {place}\n" in message
    assert words in message


def test_paths_split_at_dots_and_brackets():
    assert split("terms.info.inputs[0].x") == ("terms", "info", "inputs", 0, "x")
    assert split("a.1.b") == ("a", 1, "b")


def test_a_value_keeps_its_equals_signs():
    (setting,) = parse_settings(["data.path=a=b.npz"])
    assert setting.node.plain() == "a=b.npz"


def test_applying_settings_leaves_the_tree_as_it_was():
    tree = read_text("a: {b: 1}", "x")
    apply(tree, parse_settings(["a.b=2"]))
    assert tree.plain() == {"a": {"b": 1}}


def test_the_shipped_configs_are_found():
    assert (config_root() / "training" / "default.yaml").is_file()


def test_composing_needs_no_registries(root):
    assert compose("small", root=root).tree.at(("name",)).value == "small"
