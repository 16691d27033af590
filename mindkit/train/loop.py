"""The training loop, in the order things happen."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass

from torch import Tensor

from mindkit.errors import TrainingError
from mindkit.train.evaluate import predict, score
from mindkit.train.fitting import Fitting, Group
from mindkit.train.optim import held_by, scale_rates, warmup_factor
from mindkit.train.signals import watching_signals
from mindkit.train.step import learn_epoch, train_step


class Interrupted(TrainingError):
    """A signal asked the run to stop; its state is saved and it can be resumed."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number


@dataclass(frozen=True)
class Fitted:
    """The selected `epoch` (0-based), its `best` value of the metric, and the `epochs` trained."""

    epoch: int
    best: float
    epochs: int


def fit(fitting: Fitting) -> Fitted:
    """Train to the end and leave the selected epoch's weights in the model.

    Raises TrainingError when a loss is not finite, Interrupted when a signal came.
    """
    with watching_signals() as stop:
        while fitting.goes_on:
            begin_epoch(fitting)
            for group in fitting.groups[fitting.running.step :]:
                take_step(fitting, group)
                if stop.signal_number is not None:
                    raise interrupted(fitting, stop.signal_number)
            end_epoch(fitting)
    return select(fitting)


def begin_epoch(fitting: Fitting) -> None:
    """Draw the order of the samples, and let learn the terms that do so once an epoch."""
    fitting.began = time.monotonic()
    fitting.groups = fitting.groups_of(fitting.running.epoch)
    if fitting.each_epoch and fitting.running.step == 0:
        every = (fitting.batch(rows) for group in fitting.groups for rows in group)
        learn_epoch(fitting.model, every, fitting.each_epoch, fitting.device)


def take_step(fitting: Fitting, group: Group) -> None:
    """Take one optimiser step on the batches of `group`."""
    progress = set_rate(fitting)
    losses = train_step(
        fitting.model,
        [fitting.batch(rows) for rows in group],
        progress,
        fitting.main,
        fitting.each_step,
        fitting.spec.training.clip,
        fitting.device,
        fitting.spec.training.accumulation,
    )
    count(fitting, losses)


def set_rate(fitting: Fitting) -> float:
    """Set the learning rate of the next step; return the fraction of training that lies before."""
    training, running, steps = fitting.spec.training, fitting.running, len(fitting.groups)
    planned = training.epochs * steps
    progress = (running.epoch * steps + running.step) / planned
    warmed = warmup_factor(progress + 1 / planned, training.warmup)
    scale_rates(fitting.main, running.shrink * warmed)
    return progress


def count(fitting: Fitting, losses: Tensor) -> None:
    """Add up the losses of a step, (1 + T,); now and then look at them, and tell the trackers."""
    running = fitting.running
    running.add(losses)
    if running.step % fitting.spec.training.log_every:
        return
    record = {
        "epoch": running.epoch,
        "step": running.step,
        "steps": len(fitting.groups),
        "losses": fitting.means(),
    }
    for tracker in fitting.trackers:
        tracker.progress(dict(record))


def interrupted(fitting: Fitting, number: int) -> Interrupted:
    """Save where the run stands, and return what to raise."""
    running = fitting.running
    fitting.means()  # a state that is not finite is not kept
    fitting.save(f"epoch-{running.epoch}-step-{running.step}")
    return Interrupted(
        f"stopped by {signal.Signals(number).name} in epoch {running.epoch + 1}, "
        f"step {running.step}; the state is saved in {fitting.checkpoints.folder}: --resume goes "
        "on from there",
        number,
    )


def end_epoch(fitting: Fitting) -> None:
    """Score the validation split; then keep, roll back or stop, tell the trackers, and save."""
    running, selection, data = fitting.running, fitting.spec.training.selection, fitting.spec.data
    means = fitting.means()
    fitting.model.objective.on_epoch_end(running.epoch)
    valid, batch_size = fitting.store.splits["valid"], fitting.spec.training.batch_size
    predictions = predict(fitting.model.graph, valid, fitting.device, batch_size, data.pad_to)
    metrics = [*fitting.metrics, selection.metric]
    scores = score(predictions, valid, fitting.store.task, metrics)
    decision = fitting.selector.update(running.epoch, scores[selection.metric])
    record = {
        "epoch": running.epoch,
        "step": len(fitting.groups),
        "losses": means,
        "valid": scores,
        "decision": decision,
        "rate": fitting.main.param_groups[0]["lr"],
        "seconds": round(time.monotonic() - fitting.began, 3),
        **({"stamps": list(fitting.stamps)} if fitting.stamps else {}),
    }
    name = f"epoch-{running.epoch}"
    running.next_epoch()
    if decision == "rollback":
        # The weights and optimiser go back; epochs, progress and random numbers do not.
        fitting.back_to_best()
        running.shrink *= selection.shrink
    if decision == "shrink":
        assert selection.plateau is not None
        running.shrink *= selection.plateau.shrink
    running.finished = decision == "stop"
    # Told first: a run killed in between tells this epoch again, and loses none.
    for tracker in fitting.trackers:
        tracker.log(record)
    fitting.save(name)


def select(fitting: Fitting) -> Fitted:
    """Put the selected epoch's weights into the model.

    Raises TrainingError where no epoch can be selected.
    """
    selector = fitting.selector
    if selector.epoch < 0:
        raise TrainingError(
            f"no epoch had a finite {selector.metric} on validation, so none can be selected; "
            "choose another metric with --set training.selection.metric=mae"
        )
    assert selector.best is not None
    for optimizer in fitting.learners.values():
        for parameter in held_by(optimizer):
            parameter.requires_grad_(True)
    fitting.model.load_state_dict(fitting.checkpoints.best()["model"])
    return Fitted(selector.epoch, selector.best, fitting.running.epoch)
