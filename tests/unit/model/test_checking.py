"""The check on the meta device."""

import pytest
import torch

from mindkit.model.build import InputSchema
from mindkit.model.checking import check

SAMPLES = 6


@pytest.fixture
def problems(with_plugin, load, schema):
    """What the check finds wrong with the tiny method under settings."""

    def call(*settings, schema=schema):
        return [str(one) for one in check(load(*settings), with_plugin[0], schema)]

    return call


def test_a_sound_method_has_no_problems(problems):
    assert problems() == []


def test_the_check_draws_nothing_and_touches_no_weights(problems):
    before = torch.get_rng_state()
    problems()
    assert torch.equal(torch.get_rng_state(), before)


def test_a_head_with_the_wrong_number_of_outputs_is_found(problems):
    (problem,) = problems("fusion.type=two_numbers")
    assert "the head gives (2,) numbers a sample, but 'mosi' needs 1" in problem


def test_a_component_wired_with_what_nobody_gives_is_found(problems):
    (problem,) = problems("terms.diff.type=unfillable")
    assert "terms.diff: Unfillable is wired with 'colour', which nothing here gives" in problem
    assert "An option must stand after `*` in __init__" in problem


def test_a_loss_that_does_not_take_the_width_is_found(problems):
    (problem,) = problems("terms.diff.type=narrow")
    assert "4" in problem and "7" in problem


def test_an_option_that_the_width_refuses_is_found_with_its_place(problems):
    (problem,) = problems("encoders.vision.heads=3")
    assert "encoders.vision" in problem
    assert "heads must divide the width 4, got 3" in problem


def test_batches_that_leave_no_sample_are_found_before_training(problems):
    (problem,) = problems("training.drop_last=true", "training.batch_size=8")
    assert "training.drop_last" in problem
    assert "nothing is left of 6 training samples in batches of 8" in problem
    assert "--set training.drop_last=false" in problem
    assert problems("training.drop_last=true", "training.batch_size=6") == []


def test_a_sequence_of_an_encoder_without_sequences_is_found(problems):
    # The encoder's class gives sequences; this instance of it, by its option, does not.
    columns = {"text": ("text", None), "audio": ("vector", 5), "vision": ("vector", 3)}
    (problem,) = problems(
        "encoders={text: {type: bert, tune: none}, vision: {type: vector}}",
        "fusion.type=last_step",
        "fusion.inputs=[sequence.text]",
        schema=InputSchema("mosi", columns, "regression", 1, SAMPLES),
    )
    assert "sequence.text asks for a sequence, but encoder 'bert' of text" in problem
    assert "use encoded.text" in problem


def test_a_sequence_of_an_encoder_that_gives_one_is_sound(problems):
    settings = ["fusion.type=last_step", "fusion.inputs=[sequence.vision]", "width=4"]
    assert problems(*settings) == []


def test_a_modality_that_the_data_lack_is_found(problems):
    schema = InputSchema("mosi", {"audio": ("vector", 5)}, "regression", 1, SAMPLES)
    (problem,) = problems(schema=schema)
    assert "the data set 'mosi' has no vision; it has: audio" in problem
    assert "--drop vision" in problem


def test_a_column_of_another_kind_is_found_with_the_encoders_that_take_it(problems):
    columns = {"audio": ("sequence", 5), "vision": ("sequence", 3)}
    (problem,) = problems(schema=InputSchema("mosi", columns, "regression", 1, SAMPLES))
    assert "encoder 'vector' takes vector, but audio in 'mosi' is a sequence of width 5" in problem
    assert "--set encoders.audio.type=transformer" in problem


def test_every_column_that_does_not_fit_is_found_at_once(problems):
    columns = {"audio": ("sequence", 5), "vision": ("vector", 3)}
    assert len(problems(schema=InputSchema("mosi", columns, "regression", 1, SAMPLES))) == 2
