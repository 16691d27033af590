from dataclasses import replace

import pytest
import torch

from mindkit.data.store import Column, Split, Statistics, Store


def ragged(lengths, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(length, width, generator=generator) for length in lengths]


LENGTHS = [3, 1, 5, 2, 4, 2]


@pytest.fixture
def split():
    tokens = [list(range(1, n + 2)) for n in LENGTHS]
    columns = {
        "text": Column.of_tokens(tokens),
        "audio": Column.of_sequences(ragged(LENGTHS, 4)),
        "vision": Column.of_vectors(torch.arange(12.0).view(6, 2)),
        "words": Column.of_text(["a"] * 6),
    }
    return Split([f"v_{i}" for i in range(6)], columns, torch.linspace(-3, 3, 6))


def test_a_batch_equals_a_loop_that_pads_sample_by_sample(split):
    rows = torch.tensor([4, 1, 3])
    batch = split.batch(rows, ["text", "audio", "vision"])
    samples = ragged(LENGTHS, 4)
    expected = torch.zeros(3, 4, 4)
    mask = torch.zeros(3, 4, dtype=torch.bool)
    tokens = torch.zeros(3, 5, dtype=torch.int64)
    for i, row in enumerate(rows.tolist()):
        expected[i, : LENGTHS[row]] = samples[row]
        mask[i, : LENGTHS[row]] = True
        tokens[i, : LENGTHS[row] + 1] = torch.arange(1, LENGTHS[row] + 2)
    assert torch.equal(batch.features["audio"], expected)
    assert torch.equal(batch.masks["audio"], mask)
    assert torch.equal(batch.features["text"], tokens)
    assert batch.masks["text"].sum(1).tolist() == [5, 2, 3]
    assert torch.equal(batch.features["vision"], torch.tensor([[8.0, 9], [2, 3], [6, 7]]))
    assert "vision" not in batch.masks
    assert torch.equal(batch.target, split.target[rows])
    assert torch.equal(batch.index, rows)


def test_pad_to_pads_short_samples_and_cuts_long_ones(split):
    batch = split.batch(torch.tensor([1, 2]), ["audio"], pad_to=3)
    assert batch.features["audio"].shape == (2, 3, 4)
    assert batch.masks["audio"].tolist() == [[True, False, False], [True, True, True]]
    assert torch.equal(batch.features["audio"][1], ragged(LENGTHS, 4)[2][:3])


def test_padding_behind_the_last_row_of_the_column_stays_inside_it(split):
    batch = split.batch(torch.tensor([5]), ["audio"], pad_to=50)
    assert batch.features["audio"][0, 2:].abs().sum() == 0


def test_batching_leaves_the_column_unchanged(split):
    before = split.digest()
    split.batch(torch.arange(6), ["text", "audio", "vision"])
    assert split.digest() == before


def test_raw_text_is_not_batched(split):
    with pytest.raises(ValueError, match="let an encoder prepare"):
        split.batch(torch.tensor([0]), ["words"])


def test_lengths_are_the_longest_over_the_asked_modalities(split):
    assert split.lengths(["audio", "vision"]).tolist() == LENGTHS
    assert split.lengths(["audio", "text"]).tolist() == [n + 1 for n in LENGTHS]


def test_lengths_are_one_without_a_time_axis(split):
    assert split.lengths(["vision", "words"]).tolist() == [1] * 6


@pytest.mark.parametrize("name", ["text", "audio", "vision", "words"])
def test_taking_rows_gives_those_samples_in_order(split, name):
    taken = split.columns[name].take(torch.tensor([5, 0, 0]))
    assert len(taken) == 3
    for i, row in enumerate([5, 0, 0]):
        one, whole = taken.take(torch.tensor([i])), split.columns[name].take(torch.tensor([row]))
        assert one.digest() == whole.digest()


def test_an_empty_sequence_gets_one_step_of_zeros():
    column = Column.of_sequences([torch.ones(2, 3), torch.ones(0, 3)])
    assert column.lengths is not None and column.lengths.tolist() == [2, 1]
    assert column.gather(torch.tensor([1]))[0].abs().sum() == 0


def test_widths_are_known_for_features_only(split):
    assert {n: c.width for n, c in split.columns.items()} == {
        "text": None,
        "audio": 4,
        "vision": 2,
        "words": None,
    }


def test_the_digest_changes_with_a_value_and_with_the_bounds():
    flat = torch.arange(8.0).view(4, 2)
    first = Column("sequence", flat, torch.tensor([0, 2, 4]))
    assert first.digest() == Column("sequence", flat.clone(), torch.tensor([0, 2, 4])).digest()
    assert first.digest() != Column("sequence", flat, torch.tensor([0, 1, 4])).digest()
    assert first.digest() != Column("sequence", flat + 1, torch.tensor([0, 2, 4])).digest()


def test_a_known_digest_and_statistics_are_taken_as_they_are():
    statistics = Statistics(torch.zeros(2), torch.ones(2))
    column = Column.of_vectors(torch.zeros(3, 2)).known_as("abc", statistics)
    assert column.digest() == "abc" and column.statistics is statistics


def test_a_change_of_values_forgets_digest_and_statistics():
    known = Column.of_vectors(torch.zeros(3, 2)).known_as(
        "abc", Statistics(torch.zeros(2), torch.ones(2))
    )
    for changed in (replace(known, values=known.values + 1), known.take(torch.tensor([0, 1]))):
        assert changed.statistics is None and changed.digest() != "abc"


def test_videos_go_with_their_samples():
    column = Column.of_vectors(torch.zeros(3, 2))
    split = Split(["a", "b", "c"], {"audio": column}, torch.zeros(3), ["x", "y", "y"])
    assert split.take(torch.tensor([2, 0])).videos == ["y", "x"]
    assert split.to("cpu").videos == ["x", "y", "y"]


def test_videos_of_another_length_are_refused():
    with pytest.raises(ValueError, match="videos has 1 samples, but there are 2 ids"):
        Split(["a", "b"], {}, torch.zeros(2), ["x"])


def test_columns_of_another_length_are_refused():
    with pytest.raises(ValueError, match="audio has 2 samples, but there are 3 ids"):
        column = Column.of_vectors(torch.zeros(2, 1))
        Split(["a", "b", "c"], {"audio": column}, torch.zeros(3))


def test_offsets_that_do_not_end_at_the_last_row_are_refused():
    with pytest.raises(ValueError, match="offsets end at 3, but there are 4 rows"):
        Column("sequence", torch.zeros(4, 2), torch.tensor([0, 3]))


def test_a_store_describes_itself(split):
    store = Store(
        "toy", {"train": split, "test": split}, "regression", simulated=True
    ).with_digest()
    facts = store.describe()
    assert facts["samples"] == {"train": 6, "test": 6}
    assert facts["simulated"] is True and len(facts["digest"]) == 64
    assert facts["columns"]["audio"]["width"] == 4
    assert facts["zero_labels"] == {"train": 0, "test": 0}


def test_modalities_are_those_that_every_split_has(split):
    fewer = Split(split.ids, {"audio": split.columns["audio"]}, split.target)
    assert Store("toy", {"train": split, "test": fewer}, "regression").modalities == ("audio",)


@pytest.mark.gpu
def test_a_batch_on_the_accelerator_waits_for_nothing(split):
    on_device = split.to("cuda")
    rows = torch.tensor([4, 1, 3])
    torch.cuda.set_sync_debug_mode("error")
    try:
        batch = on_device.batch(rows, ["text", "audio", "vision"])
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert torch.equal(
        batch.features["audio"].cpu(), split.batch(rows, ["audio"]).features["audio"]
    )
