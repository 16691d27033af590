import pytest
import torch

from mindkit.data.sampler import epoch_batches, ordered_batches

LENGTHS = torch.randint(2, 50, (203,), generator=torch.Generator().manual_seed(0))


def batches(seed=1, epoch=0, size=8, group=True, drop=False):
    return epoch_batches(
        LENGTHS, size, seed=seed, epoch=epoch, group_by_length=group, drop_last=drop
    )


@pytest.mark.parametrize("group", [True, False])
def test_an_epoch_holds_every_sample_once(group):
    rows = torch.cat(batches(group=group))
    assert rows.sort().values.tolist() == list(range(203))


def test_batches_are_a_function_of_seed_and_epoch():
    same = zip(batches(3, 5), batches(3, 5), strict=True)
    assert all(torch.equal(a, b) for a, b in same)
    assert not torch.equal(torch.cat(batches(3, 5)), torch.cat(batches(3, 6)))
    assert not torch.equal(torch.cat(batches(3, 5)), torch.cat(batches(4, 5)))
    assert not torch.equal(torch.cat(batches(0, 1)), torch.cat(batches(1, 0)))


def test_batches_leave_the_global_generator_alone():
    state = torch.get_rng_state()
    batches()
    assert torch.equal(torch.get_rng_state(), state)


def test_drop_last_keeps_full_batches_only():
    assert [len(b) for b in batches(drop=True)] == [8] * 25


def test_drop_last_does_not_always_drop_the_same_samples():
    kept = [frozenset(torch.cat(batches(epoch=e, drop=True)).tolist()) for e in range(5)]
    assert len(set(kept)) == 5


def test_without_drop_last_the_rest_is_one_short_batch():
    assert sorted(len(b) for b in batches())[:2] == [3, 8]


def padded(found):
    return sum(int(LENGTHS[b].max()) * len(b) for b in found) / int(LENGTHS.sum())


def test_grouping_by_length_leaves_little_padding():
    assert padded(batches()) < 1.15 < 1.5 < padded(batches(group=False))


def test_batches_do_not_come_in_order_of_length():
    longest = [int(LENGTHS[b].max()) for b in batches()]
    assert longest != sorted(longest) and longest != sorted(longest, reverse=True)


def test_ordered_batches_are_sorted_and_complete():
    found = torch.cat(ordered_batches(LENGTHS, 10))
    assert found.sort().values.tolist() == list(range(203))
    assert LENGTHS[found].diff().min() >= 0


def test_no_samples_make_no_batches():
    empty = torch.empty(0, dtype=torch.int64)
    assert ordered_batches(empty, 4) == []
    assert epoch_batches(empty, 4, seed=0, epoch=0, group_by_length=True, drop_last=True) == []
