import sys

import pytest

from mindkit.api import MindkitError
from mindkit_trackers.tensorboard import Tensorboard


def test_without_the_package_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(MindkitError, match="pip install tensorboard"):
        Tensorboard().start(tmp_path, {})


def test_losses_scores_and_rate_are_written_by_epoch(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tracker = Tensorboard()
    tracker.start(tmp_path, {})
    for epoch in range(2):
        tracker.log(
            {"epoch": epoch, "losses": {"total": 1.5 - epoch}, "decision": "best", "rate": 0.5}
        )
    tracker.finish({"test": {"mae": 0.25}, "valid": {"mae": 0.5}, "epoch": 1})
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert set(events.Tags()["scalars"]) == {"losses/total", "rate", "test/mae"}
    totals = [(event.step, event.value) for event in events.Scalars("losses/total")]
    assert totals == [(0, 1.5), (1, 0.5)]
