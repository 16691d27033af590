"""Several seeds of one config trained side by side: one forward and backward pass for all.

The seeds' weights stand on a leading axis, over which `torch.func.vmap` calls the model once. All
else is as it is alone: each seed has its order of samples, random numbers, optimiser, selection,
checkpoints and folder, and ends with the numbers of its single run, to float tolerance.
Axes: K seeds, B batch, T terms.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from mindkit.batch import Batch
from mindkit.errors import TrainingError
from mindkit.model.build import Model
from mindkit.train.fitting import Fitting, Group
from mindkit.train.fused_random import Draws, Stream
from mindkit.train.loop import (
    Fitted,
    begin_epoch,
    count,
    end_epoch,
    interrupted,
    select,
    set_rate,
    take_step,
)
from mindkit.train.signals import Stop, watching_signals
from mindkit.train.step import update

Weights = dict[str, Tensor]
Fields = tuple[Weights, Weights, Tensor, Tensor]


@dataclass
class Seat:
    """One seed among others: its training, its random numbers, and what went wrong with it."""

    fitting: Fitting
    stream: Stream
    error: Exception | None = None

    @property
    def goes_on(self) -> bool:
        """True while there is something left to train."""
        return self.error is None and self.fitting.goes_on

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note an error, which stops this seed and no other."""
        try:
            yield
        except Exception as error:  # a plugin may raise anything
            self.error = error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Draw this seed's random numbers, and note an error."""
        with self.stream, self.noting():
            yield


def fit_together(seats: Sequence[Seat]) -> list[Fitted | Exception]:
    """Train all to the end, as `fit` does each; return what became of each, in order.

    Raises Interrupted when a signal came; then the state of each is saved.
    """
    stack = None
    with watching_signals() as stop:
        while going := [seat for seat in seats if seat.goes_on]:
            # After an interruption one may be behind: the others wait for it.
            epoch = min(seat.fitting.running.epoch for seat in going)
            going = [seat for seat in going if seat.fitting.running.epoch == epoch]
            if stack is None or stack.seats != going:
                if stack is not None:
                    stack.take_apart()
                stack = Stack(going)
            _train_epoch(stack, stop)
    if stack is not None:
        stack.take_apart()
    return [_outcome(seat) for seat in seats]


def _train_epoch(stack: Stack, stop: Stop) -> None:
    for seat in stack.seats:
        with seat.alone():
            begin_epoch(seat.fitting)
    while left := [row for row, seat in enumerate(stack.seats) if _has_step(seat)]:
        step = min(stack.seats[row].fitting.running.step for row in left)
        now = [row for row in left if stack.seats[row].fitting.running.step == step]
        for rows in _alike(stack.seats, now):
            _take_step(stack, rows)
        if stop.signal_number is not None:
            _interrupt(stack.seats, stop.signal_number)
    for seat in stack.seats:
        if seat.error is None:
            with seat.alone():
                end_epoch(seat.fitting)


def _take_step(stack: Stack, rows: Sequence[int]) -> None:
    seats = [stack.seats[row] for row in rows]
    groups = [seat.fitting.next_group for seat in seats]
    if len(rows) == 1:
        with seats[0].alone():
            take_step(seats[0].fitting, groups[0])
        return
    try:
        found = stack.step(rows, groups)
    except Exception as error:
        for seat in seats:
            seat.error = TrainingError(
                f"a step of {len(seats)} seeds together failed ({type(error).__name__}: {error}); "
                "--fuse off trains them one after another"
            )
        return
    for seat, losses in zip(seats, found.unbind(0), strict=True):
        with seat.noting():
            count(seat.fitting, losses)


def _has_step(seat: Seat) -> bool:
    return seat.error is None and seat.fitting.running.step < len(seat.fitting.groups)


def _alike(seats: Sequence[Seat], rows: Sequence[int]) -> list[list[int]]:
    """Rows whose next batches are of one size; an epoch's smaller one is at a place of its own."""
    alike: dict[tuple[int, ...], list[int]] = {}
    for row in rows:
        sizes = tuple(len(batch) for batch in seats[row].fitting.next_group)
        alike.setdefault(sizes, []).append(row)
    return list(alike.values())


def _interrupt(seats: Sequence[Seat], number: int) -> None:
    asked = []
    for seat in seats:
        if seat.error is None:
            with seat.alone():
                asked.append(interrupted(seat.fitting, number))
    if asked:
        raise asked[0]


def _outcome(seat: Seat) -> Fitted | Exception:
    if seat.error is None:
        with seat.noting():
            return select(seat.fitting)
    assert seat.error is not None
    return seat.error


class Stack:
    """The weights of K seeds on a leading axis, of which their models' own are now views.

    parameters, buffers: name -> (K, ...).
    """

    def __init__(self, seats: Sequence[Seat]) -> None:
        self.seats = list(seats)
        models = [_Losses(seat.fitting.model) for seat in seats]
        self.own: list[Weights] = [dict(model.named_parameters()) for model in models]
        self.own_buffers = [dict(model.named_buffers()) for model in models]
        self.parameters = {name: _stacked(self.own, name) for name in self.own[0]}
        self.buffers = {name: _stacked(self.own_buffers, name) for name in self.own_buffers[0]}
        self.model = copy.deepcopy(models[0]).to("meta")  # its form; weights come with each call

    def take_apart(self) -> None:
        """Give each model weights of its own again."""
        for own in self.own + self.own_buffers:
            for tensor in own.values():
                tensor.data = tensor.data.clone()

    def step(self, rows: Sequence[int], groups: Sequence[Group]) -> Tensor:
        """Take one optimiser step for the seeds at `rows`, each on its own group of batches.

        Returns their losses, (len(rows), 1 + T), each as `train_step` does.
        """
        seats = [self.seats[row] for row in rows]
        (progress,) = {set_rate(seat.fitting) for seat in seats}
        accumulation = seats[0].fitting.spec.training.accumulation
        for leaf in self.parameters.values():
            leaf.grad = None
        losses = []
        for every in zip(*groups, strict=True):
            batches = [seat.fitting.batch(one) for seat, one in zip(seats, every, strict=True)]
            found = self._losses(rows, batches, progress)
            (found[:, 0].sum() / accumulation.divisor(len(groups[0]))).backward()
            losses.append(found.detach())
        for row, seat in zip(rows, seats, strict=True):
            for name, parameter in self.own[row].items():
                gradient = self.parameters[name].grad
                parameter.grad = None if gradient is None else gradient[row]
            update(seat.fitting.main, seat.fitting.spec.training.clip)
        return torch.stack(losses).mean(0)

    def _losses(self, rows: Sequence[int], batches: Sequence[Batch], progress: float) -> Tensor:
        """Losses (len(rows), 1 + T), with gradient in the first, the total."""
        parameters, buffers = self.parameters, self.buffers
        index = torch.tensor(rows, device=batches[0].index.device)
        if len(rows) < len(self.seats):
            parameters = {name: leaf[index] for name, leaf in parameters.items()}
            buffers = {name: buffer[index] for name, buffer in buffers.items()}
        streams = [self.seats[row].stream for row in rows]

        def one(weights: tuple[Weights, Weights], seat: Tensor, fields: Fields) -> Tensor:
            with Draws(streams, seat):
                return functional_call(self.model, weights, (Batch(*fields), progress))

        fields = _stacked_fields(batches)
        losses = vmap(one, randomness="error")((parameters, buffers), index, fields)
        if buffers is not self.buffers:
            for name, buffer in buffers.items():  # the forward pass may have written to it
                self.buffers[name][index] = buffer
        return losses


class _Losses(nn.Module):
    """The losses (1 + T,) of a batch, the total first."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch, progress: float) -> Tensor:
        assert batch.target is not None
        tensors = self.model.graph(batch)
        total, values = self.model.objective(tensors, batch.target, batch.index, progress)
        return torch.cat([total.reshape(1), values.detach()])


def _stacked(own: Sequence[Weights], name: str) -> Tensor:
    """Return (K, ...), and make each of the K a view of it."""
    first = own[0][name]
    stacked = torch.stack([tensors[name].detach() for tensors in own])
    for tensors, part in zip(own, stacked.unbind(0), strict=True):
        tensors[name].data = part
    return stacked.requires_grad_(first.requires_grad)


def _stacked_fields(batches: Sequence[Batch]) -> Fields:
    """The fields of a batch of batches, each (K, B, ...)."""
    first = batches[0]
    return (
        {m: torch.stack([batch.features[m] for batch in batches]) for m in first.features},
        {m: torch.stack([batch.masks[m] for batch in batches]) for m in first.masks},
        torch.stack([batch.target for batch in batches]),  # type: ignore[misc]
        torch.stack([batch.index for batch in batches]),
    )
