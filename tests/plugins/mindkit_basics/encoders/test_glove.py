import re

import numpy as np
import pytest
import torch

from mindkit.api import Column, DataError
from mindkit_basics.encoders import glove
from mindkit_basics.encoders.glove import Glove

TEXTS = ["It was  GOOD!", "", "xxx", "don't"]


def vector(tiny_glove, word):
    """The vector as the file has it, or zeros."""
    for line in tiny_glove.read_text().splitlines():
        if line.split()[0] == word:
            return torch.tensor([float(x) for x in line.split()[1:]])
    return torch.zeros(7)


def samples(column):
    return column.values.split(column.lengths.tolist())


def test_texts_become_the_vectors_of_their_tokens(tiny_glove):
    column = Glove(8, vectors=str(tiny_glove)).prepare(Column.of_text(TEXTS), None)
    tokens = [["it", "was", "good", "!"], ["?"], ["xxx"], ["don't"]]
    expected = [torch.stack([vector(tiny_glove, word) for word in words]) for words in tokens]
    assert column.kind == "sequence"
    for found, wanted in zip(samples(column), expected, strict=True):
        assert torch.equal(found, wanted)


def test_the_share_of_tokens_with_a_vector_is_said(tiny_glove):
    column = Glove(8, vectors=str(tiny_glove)).prepare(Column.of_text(TEXTS), None)
    assert column.provenance == "vectors of tiny.txt, for 83.3% of the tokens"


def test_case_is_kept_where_that_is_asked_for(tiny_glove):
    encoder = Glove(8, vectors=str(tiny_glove), lower=False)
    column = encoder.prepare(Column.of_text(["Good good"]), None)
    assert torch.equal(column.values[0], torch.zeros(7))
    assert torch.equal(column.values[1], vector(tiny_glove, "good"))


def test_stored_indices_are_lines_of_the_file(tiny_glove):
    encoder = Glove(8, vectors=str(tiny_glove))
    column = encoder.prepare(Column.of_tokens([[0, 5], [-1], [2, 0]]), None)
    words = ["good", "!", "-", "it", "good"]
    assert torch.equal(column.values, torch.stack([vector(tiny_glove, w) for w in words]))
    assert column.lengths.tolist() == [2, 1, 2]


def test_an_index_of_another_list_is_refused(tiny_glove):
    with pytest.raises(DataError, match=r"index 6 is asked for, but tiny.txt holds 6 vectors"):
        Glove(8, vectors=str(tiny_glove)).prepare(Column.of_tokens([[0, 6]]), None)


def test_the_vector_is_the_projected_mean_over_real_steps(tiny_glove):
    encoder = Glove(8, vectors=str(tiny_glove))
    x, mask = encoder.prepare(Column.of_text(TEXTS), None).gather(torch.arange(4))
    encoded, sequence = encoder(x, mask)
    means = torch.stack([x[row, : mask[row].sum()].mean(0) for row in range(4)])
    torch.testing.assert_close(encoded, encoder.projection(means))
    assert sequence.shape == (*mask.shape, 8)
    assert not sequence[~mask].any()
    torch.testing.assert_close(sequence[mask], encoder.projection(x[mask]))


def test_words_are_looked_up_once_and_then_read_from_the_cache(tiny_glove, tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        glove, "look_up", lambda *a, look_up=glove.look_up: calls.append(1) or look_up(*a)
    )

    def prepare(texts, path=tiny_glove):
        column = Column.of_text(texts)
        return Glove(8, vectors=str(path)).prepare(column, tmp_path / "cache").values

    first = prepare(TEXTS)
    assert torch.equal(prepare([*TEXTS, "was it good?"])[: len(first)], first)
    assert len(calls) == 2
    assert torch.equal(prepare(TEXTS), first)
    assert len(calls) == 2
    other = tmp_path / "other.txt"
    other.write_text(tiny_glove.read_text().replace("0.125", "0.25", 1))
    assert not torch.equal(prepare(TEXTS, other), first)


def test_what_is_unknown_has_no_vector_whatever_the_file_says(tmp_path):
    np.savez(tmp_path / "odd.npz", words=["so", "\ufffd"], vectors=np.ones((2, 3)))
    encoder = Glove(8, vectors=str(tmp_path / "odd.npz"))
    word, spared = encoder.unknown("text")
    assert spared == ()
    values = encoder.prepare(Column.of_text([f"so {word}"]), None).values
    assert values.tolist() == [[1, 1, 1], [0, 0, 0]]
    index, _ = encoder.unknown("tokens")
    assert encoder.prepare(Column.of_tokens([[0, index]]), None).values.tolist() == values.tolist()


@pytest.mark.parametrize("lower", [True, False])
def test_each_token_tells_its_word(tiny_glove, lower):
    encoder = Glove(8, vectors=str(tiny_glove), lower=lower)
    texts = Column.of_text(["İt was  GOOD!!\tdon't-know", ""])
    words = encoder.words_of_tokens(texts)
    assert torch.equal(words.offsets, encoder.prepare(texts, None).offsets)
    tokens = encoder._tokens(texts.values[0])
    places = words.values[: len(tokens)].tolist()
    cased = texts.values[0].lower() if lower else texts.values[0]
    for token, place in zip(tokens, places, strict=True):
        assert token in re.split(r"\s+", cased)[place]
    assert places[-3:] == [3, 3, 3]
    assert words.values[-1] == -1


def test_a_file_must_be_named():
    with pytest.raises(ValueError, match="vectors is not set; name a file"):
        Glove(8)


def test_most_words_of_mosi_have_a_vector(shared_data):
    path, vectors = shared_data / "mosi_utterance.npz", shared_data / "glove100_subset.npz"
    for one in (path, vectors):
        if not one.is_file():
            pytest.skip(f"no {one}")
    with np.load(path) as arrays:
        texts = arrays["text"].tolist()
    column = Glove(8, vectors=str(vectors)).prepare(Column.of_text(texts), None)
    share = float(column.provenance.split("for ")[1].split("%")[0])
    assert share == pytest.approx(92, abs=0.5)  # as counted when the file was made
    assert column.width == 100


def test_a_linear_layer_may_be_the_end_and_entries_may_be_dropped_before(tiny_glove):
    encoder = Glove(8, vectors=str(tiny_glove), dropout=0.5, output="linear")
    x, mask = encoder.prepare(Column.of_text(TEXTS), None).gather(torch.arange(4))
    assert not torch.equal(encoder(x, mask)[1], encoder(x, mask)[1])
    sequence = encoder.eval()(x, mask)[1]
    weight, bias = encoder.projection.weight, encoder.projection.bias
    torch.testing.assert_close(sequence[mask], x[mask] @ weight.T + bias)
