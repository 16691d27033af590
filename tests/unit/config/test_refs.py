import pytest

from mindkit.config.refs import Line, Scope, parse
from mindkit.config.spec import Reference

MODALITIES = ("text", "audio", "vision")
SCOPE = Scope(MODALITIES, ("invariant", "specific"))


def line(copy=None, **arguments):
    return Line({name: tuple(map(parse, texts)) for name, texts in arguments.items()}, copy)


def pairs(rows):
    return [(str(row.arguments["a"][0]), str(row.arguments["b"][0])) for row in rows]


def test_one_variable_makes_a_row_for_each_modality():
    rows = line(a=["invariant.$m"], b=["specific.$m"]).rows(0, MODALITIES, ordered=False)
    assert pairs(rows) == [
        ("invariant.text", "specific.text"),
        ("invariant.audio", "specific.audio"),
        ("invariant.vision", "specific.vision"),
    ]


def test_two_variables_make_each_unordered_pair_once_in_the_order_of_modalities():
    rows = line(a=["invariant.$m"], b=["invariant.$n"]).rows(0, MODALITIES, ordered=False)
    assert pairs(rows) == [
        ("invariant.text", "invariant.audio"),
        ("invariant.text", "invariant.vision"),
        ("invariant.audio", "invariant.vision"),
    ]


def test_ordered_pairs_come_in_both_orders():
    rows = line(a=["invariant.$m"], b=["invariant.$n"]).rows(0, MODALITIES, ordered=True)
    assert len(rows) == 6
    assert len(set(pairs(rows))) == 6


def test_two_variables_on_one_modality_make_no_row():
    assert line(a=["invariant.$m"], b=["invariant.$n"]).rows(0, ("text",), ordered=True) == []


def test_a_star_is_all_modalities_side_by_side():
    (row,) = line(a=["encoded.*"], b=["target"]).rows(0, MODALITIES, ordered=False)
    assert row.arguments["a"] == tuple(Reference("encoded", m) for m in MODALITIES)
    assert row.arguments["b"] == (Reference("target"),)


def test_a_list_is_concatenated_in_its_order():
    rows = line(a=["specific.$m", "invariant.$m"]).rows(2, MODALITIES, ordered=False)
    assert [str(r) for r in rows[1].arguments["a"]] == ["specific.audio", "invariant.audio"]
    assert rows[1].line == 2


def test_each_row_has_a_copy_of_its_own_by_default():
    first = line(a=["invariant.$m"], b=["invariant.$n"]).rows(0, MODALITIES, ordered=False)
    second = line(a=["invariant.$m"], b=["specific.$m"]).rows(1, MODALITIES, ordered=False)
    assert len({row.copy for row in first + second}) == 6


def test_a_template_names_the_copy():
    rows = line("private.$m", a=["specific.$m"]).rows(0, MODALITIES, ordered=False)
    assert [row.copy for row in rows] == ["private.text", "private.audio", "private.vision"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("invarient.text", "no representation named 'invarient'; did you mean 'invariant'?"),
        ("invariant.txt", "no modality named 'txt'; did you mean 'text'?"),
        ("invariant.$k", "no variable '$k'; use $m, and $n for a different modality"),
        ("invariant", "'invariant' is one tensor per modality; write 'invariant.*' or"),
        ("target.text", "'target' has no modalities; write 'target' alone"),
        ("prediction.*", "'prediction' has no modalities; write 'prediction' alone"),
    ],
)
def test_a_wrong_reference_is_told_what_would_do(text, words):
    assert words in SCOPE.mistake(parse(text))


@pytest.mark.parametrize(
    "text", ["invariant.text", "encoded.*", "gaussian.$m", "sequence.$n", "prediction", "target"]
)
def test_a_right_reference_is_accepted(text):
    assert SCOPE.mistake(parse(text)) is None
