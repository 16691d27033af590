from pathlib import Path

import pytest

from mindkit.data.formats.named_arrays import Table
from mindkit.data.roles import assign_roles, modalities_of
from mindkit.errors import DataError


def table(*names):
    return Table(Path("toy.npz"), names, lambda name: [])


def test_obvious_names_are_recognised():
    roles = assign_roles(table("segment", "labels", "mode", "raw_text", "visual"))
    assert roles == {
        "id": "segment",
        "label": "labels",
        "split": "mode",
        "text": "raw_text",
        "vision": "visual",
    }


def test_given_names_come_before_obvious_ones():
    roles = assign_roles(table("label", "split", "text", "other"), {"text": "other"})
    assert roles["text"] == "other"


def test_an_empty_name_leaves_a_role_out():
    roles = assign_roles(table("label", "split", "text", "audio"), {"text": ""})
    assert modalities_of(roles) == {"audio": "audio"}


def test_a_modality_may_have_any_name():
    roles = assign_roles(table("label", "split", "gaze"), {"eyes": "gaze"})
    assert modalities_of(roles) == {"eyes": "gaze"}


def test_words_are_the_text_where_there_is_no_text():
    roles = assign_roles(table("label", "split", "words", "offsets"))
    assert modalities_of(roles) == {"text": "words"}


def test_a_transcript_is_preferred_to_its_words():
    roles = assign_roles(table("label", "split", "words", "offsets", "text"))
    assert modalities_of(roles) == {"text": "text"}


def test_an_id_may_be_joined_from_columns():
    roles = assign_roles(table("season", "episode", "clip", "label", "split", "text"))
    assert roles["id"] == "season+episode+clip"


@pytest.mark.parametrize(
    ("names", "columns", "message"),
    [
        (("split", "text"), {}, "no column is recognised as the label among split, text"),
        (
            ("label", "text"),
            {},
            "as the split among label, text; say which with --column split=NAME",
        ),
        (("label", "split"), {}, "recognised as text, audio or vision among label, split"),
        (("label", "split", "audio"), {"audio": "adio"}, "column 'adio'; did you mean 'audio'"),
        (("label", "split", "audio"), {"lable": "label"}, "no role 'lable'.*did you mean 'label'"),
        (("label", "split", "text"), {"id": "label+clop"}, "no array or column 'clop'"),
    ],
)
def test_what_cannot_be_assigned_is_explained(names, columns, message):
    with pytest.raises(DataError, match=message):
        assign_roles(table(*names), columns)
