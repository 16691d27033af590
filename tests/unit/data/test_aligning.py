import pytest
import torch

from mindkit.data.aligning import aligned
from mindkit.data.store import Column, Split
from mindkit.errors import DataError

TEXTS = ["so very good", "no", ""]
WORDS = [[-1, 0, 0, 1, 2, 2, 2, -1], [-1, 0, -1], [-1, -1]]


def split(lengths=(3, 1, 1), **others):
    generator = torch.Generator().manual_seed(0)
    columns = {
        "text": Column.of_text(TEXTS),
        "audio": Column.of_sequences([torch.randn(n, 2, generator=generator) for n in lengths]),
        "vision": Column.of_vectors(torch.ones(3, 2)),
        **others,
    }
    return Split(["a", "b", "c"], columns, torch.zeros(3))


def naive(frames, words, how):
    """Frames of tokens (n, F), one after the other."""
    out, before = [], None
    for word in words:
        given = word >= 0 and (how == "repeat" or word != before)
        out.append(frames[word] if given else torch.zeros(frames.shape[1]))
        before = word
    return torch.stack(out)


@pytest.mark.parametrize("how", ["repeat", "first"])
def test_tokens_get_the_frame_of_their_word_as_in_a_loop(how):
    raw = split()
    column = aligned(raw, "text", Column.of_tokens(WORDS), how).columns["audio"]
    assert column.lengths.tolist() == [8, 3, 2]
    frames = raw.columns["audio"].values.split([3, 1, 1])
    expected = [naive(f, w, how) for f, w in zip(frames, WORDS, strict=True)]
    assert torch.equal(column.values, torch.cat(expected))


def test_one_word_after_another_of_the_same_number_is_a_first_token_again():
    raw = split((3, 1, 1), text=Column.of_text(["so very good", "no", "oh"]))
    words = [[0, 1, 2], [0], [0, 0]]  # an encoder without [CLS] and [SEP]
    column = aligned(raw, "text", Column.of_tokens(words), "first").columns["audio"]
    frames = raw.columns["audio"].values
    assert torch.equal(column.values, torch.cat([frames, torch.zeros(1, 2)]))


def test_tokens_that_the_encoder_cuts_off_take_their_frames_along():
    column = aligned(split(), "text", Column.of_tokens([[-1, 0, 0, -1], [-1], [-1]]), "repeat")
    assert column.columns["audio"].lengths.tolist() == [4, 1, 1]


def test_only_other_sequences_are_expanded():
    raw = split()
    found = aligned(raw, "text", Column.of_tokens(WORDS), "repeat")
    assert found.columns["vision"] is raw.columns["vision"]
    assert found.columns["text"] is raw.columns["text"]


def test_other_than_one_step_a_word_is_refused_with_the_sample_and_both_numbers():
    with pytest.raises(DataError, match="sample 'b' has audio of 2 steps, but text of 1 words"):
        aligned(split((3, 2, 1)), "text", Column.of_tokens(WORDS), "repeat")


@pytest.mark.parametrize("how", ["repeat", "first"])
def test_the_one_step_of_a_whole_sample_is_that_of_each_of_its_words(how):
    raw = split((1, 1, 1))
    column = aligned(raw, "text", Column.of_tokens(WORDS), how, ["audio"]).columns["audio"]
    frames = raw.columns["audio"].values.split(1)
    held = [
        f.expand(max(w) + 1 if max(w) >= 0 else 1, 2) for f, w in zip(frames, WORDS, strict=True)
    ]
    expected = [naive(f, w, how) for f, w in zip(held, WORDS, strict=True)]
    assert torch.equal(column.values, torch.cat(expected))


def test_one_step_that_is_not_said_to_be_of_the_whole_sample_is_refused():
    with pytest.raises(DataError, match="sample 'a' has audio of 1 steps, but text of 3 words"):
        aligned(split((1, 1, 1)), "text", Column.of_tokens(WORDS), "repeat", ["vision"])


def test_where_nothing_has_steps_there_is_nothing_to_align():
    raw = split(audio=Column.of_vectors(torch.ones(3, 1)))
    with pytest.raises(DataError, match=r"nothing has steps to align .*audio is a vector"):
        aligned(raw, "text", Column.of_tokens(WORDS), "repeat")
