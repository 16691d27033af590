"""Methods beside what each of them has to beat, planned and made on tiny data."""

import pytest

import mindkit
from mindkit.errors import ConfigError, MindkitError


@pytest.fixture
def planned(monkeypatch, tiny_mosi):
    """Return the plan of a comparison that is not made, without its baselines."""
    monkeypatch.setattr("mindkit.study.compare.make", lambda plan, registries, where: plan)
    monkeypatch.setattr("mindkit.study.compare.baselines", lambda *arguments: [])

    def call(*methods, **arguments):
        return mindkit.compare(methods, "mosi", data=str(tiny_mosi), **arguments)

    return call


def test_every_method_has_its_twin_on_text_alone(planned):
    rows = {row.name: row for row in planned("mind", "dsn").rows}
    assert list(rows) == ["mind", "dsn", "mind, text only", "dsn, text only"]
    for method in ("mind", "dsn"):
        assert set(rows[method].spec.method.modalities) == {"text", "audio", "vision"}
        assert rows[f"{method}, text only"].spec.method.modalities == ("text",)
    dropped = [term.name for term in rows["dsn, text only"].spec.method.terms]
    assert "sim" not in dropped  # its own ablation text_only drops more than modalities


def test_a_method_on_text_alone_has_no_twin(planned):
    assert [row.name for row in planned("mind", without=["audio", "vision"]).rows] == ["mind"]


def test_a_setting_may_be_for_one_method_and_its_twin(planned):
    rows = planned("mind", "lmf", settings=["training.epochs=3", "lmf:training.epochs=2"]).rows
    epochs = {row.name: row.spec.training.epochs for row in rows}
    assert epochs == {"mind": 3, "lmf": 2, "mind, text only": 3, "lmf, text only": 2}


def test_the_first_method_is_the_baseline_unless_another_row_is_named(planned):
    assert planned("lmf", "mind").baseline == "lmf"
    assert planned("lmf", "mind", baseline="mind, text only").baseline == "mind, text only"
    with pytest.raises(MindkitError, match="did you mean 'mind'"):
        planned("lmf", "mind", baseline="mnd")


def test_a_mistake_in_one_method_is_told_before_anything_is_trained(planned, tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'lmf'"):
        planned("mind", "lnf", out=tmp_path / "runs")
    with pytest.raises(MindkitError, match="name at least one method"):
        planned()
    assert not (tmp_path / "runs").exists()


@pytest.fixture(scope="module")
def study(tiny_mosi, small_mind, tmp_path_factory):
    settings = [*small_mind, "encoders.text.tune=none"]
    return mindkit.compare(
        ["mind"],
        "mosi",
        data=str(tiny_mosi),
        settings=settings,
        without=["vision"],
        seeds=2,
        out=tmp_path_factory.mktemp("runs"),
        device="cpu",
    )


def test_the_table_has_constant_linear_method_and_twin(study):
    names = [row.name for row in study.rows]
    assert names[0] == "constant" and names[-2:] == ["mind", "mind, text only"]
    assert "linear, text + audio" in names and "linear, text" in names
    table = study.table()
    assert [row.name for row in table.rows] == names
    assert all(row.summaries["mae"].samples == 8 for row in table.rows)
    assert table.row("constant").comparisons["mae"].difference == pytest.approx(
        study.change("constant", "mae")
    )


def test_seeds_are_asked_of_methods_only(study):
    assert [len(row) for row in study.rows] == [1, 1, 1, 2, 2]
    assert not any(row.failures for row in study.rows)
