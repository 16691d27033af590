import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindkit.config.source import DEFAULT, dotted, node_of, read_file, read_text, scalar
from mindkit.errors import ConfigError


def refused(text):
    with pytest.raises(ConfigError) as raised:
        read_text(text, "my.yaml")
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("-2.5E+4", -2.5e4),
        (".5", 0.5),
        ("3.", 3.0),
        ("42", 42),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("on", "on"),
        ("no", "no"),
        ("yes", "yes"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        ("1/d", "1/d"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_scalars_are_read_as_yaml_1_2_reads_them(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_infinity_is_a_number():
    assert scalar("-.inf") == float("-inf")


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_what_python_prints_of_a_number_is_read_back(number):
    assert scalar(repr(number)) == number


def test_quoted_scalars_are_text():
    assert read_text("a: '1e-3'\nb: \"true\"\n", "my.yaml").plain() == {"a": "1e-3", "b": "true"}


def test_every_key_and_list_item_knows_its_place():
    tree = read_text("terms:\n  diff:\n    inputs: [a, {x: b}]\n", "my.yaml")
    assert str(tree.at(("terms", "diff")).origin) == "my.yaml:2:3"
    assert str(tree.at(("terms", "diff", "inputs", 0)).origin) == "my.yaml:3:14"
    assert str(tree.at(("terms", "diff", "inputs", 1, "x")).origin) == "my.yaml:3:18"


def test_a_duplicate_key_names_both_places():
    message = refused("terms:\n  a: 1\n  b: 2\n  a: 3\n")
    assert message == (
        "my.yaml:4:3: terms.a\n"
        "  the key 'a' is given twice, first in line 2; remove one of the two\n"
        "     3     b: 2\n"
        "     4 >   a: 3"
    )


def test_all_duplicate_keys_are_reported_together():
    message = refused("a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert "my.yaml:2:1: a" in message
    assert "my.yaml:3:11: b.c" in message


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: [1, 2\nb: 3\n", "my.yaml:2:2", "not valid YAML"),
        ("a: 1\n\tb: 2\n", "my.yaml:2:1", "not valid YAML"),
        ("a: 1\n  b: 2\n", "my.yaml:2:4", "mapping values are not allowed here"),
    ],
)
def test_a_syntax_error_is_a_problem_with_place_and_excerpt(text, place, words):
    message = refused(text)
    assert message.startswith(f"{place}\n")
    assert words in message
    assert "     2 > " in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: !!python/object:os.system {}\n", "the tag tag:yaml.org,2002:python/object:os.system"),
        ("a: &x 1\nb: 2\n", "the anchor &x is not read; remove it"),
        ("a: &x 1\nb: *x\n", "the alias *x is not read; write the value out"),
        ("a: 1\n---\nb: 2\n", "a second document starts here"),
        ("[a, b]: 1\n", "a list cannot be a key"),
        ("- a\n- b\n", "a config is a map of keys and values, and this is a list"),
        ("a: \x07\n", "not valid YAML"),
    ],
)
def test_what_is_not_plain_data_is_refused(text, words):
    assert words in refused(text)


def test_an_empty_file_is_an_empty_map(tmp_path):
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing\n")
    assert read_file(path).plain() == {}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="the file cannot be read: No such file"):
        read_file(tmp_path / "gone.yaml")


def test_a_file_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: caf\xe9\n")
    with pytest.raises(ConfigError, match="save the file as UTF-8"):
        read_file(path)


def test_an_excerpt_marks_the_line_between_its_neighbours():
    tree = read_text("a: 1\nb: 2\nc: 3\nd: 4\n", "my.yaml")
    assert tree.at(("b",)).origin.excerpt() == "     1   a: 1\n     2 > b: 2\n     3   c: 3"


def test_paths_are_written_with_dots_and_brackets():
    assert dotted(("terms", "info", "inputs", 0, "x")) == "terms.info.inputs[0].x"


def test_leaves_are_scalars_and_empty_collections():
    tree = node_of({"a": 1, "b": {"c": []}, "d": [2, {"e": None}]})
    assert [keys for keys, _ in tree.leaves()] == [("a",), ("b", "c"), ("d", 0), ("d", 1, "e")]


def test_a_tree_made_of_plain_values_is_of_default_origin():
    assert node_of({"a": [1]}).at(("a", 0)).origin is DEFAULT
