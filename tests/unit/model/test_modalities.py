import pytest

from mindkit.model.modalities import by_modality

MODALITIES = ("text", "audio", "text")


def test_one_value_is_for_all_and_a_map_for_each_in_their_order():
    assert by_modality("hidden", 4, MODALITIES) == [4, 4, 4]
    assert by_modality("hidden", {"audio": 2, "text": 1}, MODALITIES) == [1, 2, 1]


def test_other_names_and_missing_ones_are_refused():
    with pytest.raises(ValueError, match="hidden names 'txt'; did you mean 'text'"):
        by_modality("hidden", {"txt": 1}, MODALITIES)
    with pytest.raises(ValueError, match="hidden is a map and has nothing for audio; add it"):
        by_modality("hidden", {"text": 1}, MODALITIES)
