"""Predictions and scores of a split, in the split's own order, whatever the batches were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from mindkit.config.spec import Reference
from mindkit.data.sampler import ordered_batches
from mindkit.data.store import Split
from mindkit.model.graph import Graph
from mindkit.train.device import Device
from mindkit.train.metrics import compute


def predict(
    graph: Graph, split: Split, device: Device, batch_size: int, pad_to: int | None = None
) -> np.ndarray:
    """Return predictions (N, C) for all samples; no noise is drawn and no dropout applied."""
    training = graph.training
    graph.eval()
    order, outputs = [], []
    with torch.inference_mode():
        for rows in ordered_batches(split.lengths(graph.modalities), batch_size):
            batch = split.batch(rows, graph.modalities, pad_to)
            with device.autocast():
                tensors = graph(batch, everything=False)
            order.append(rows)
            outputs.append(tensors[Reference("prediction")].float())
    graph.train(training)
    predictions = torch.cat(outputs).cpu()
    restored = torch.empty_like(predictions)
    restored[torch.cat(order)] = predictions
    return restored.numpy()


def score(
    predictions: np.ndarray, split: Split, task: str, metrics: Sequence[str]
) -> dict[str, float]:
    """Return the named metrics of predictions (N, C) against the split's targets."""
    target = split.target.cpu().numpy()
    return compute(metrics, predictions[:, 0] if task == "regression" else predictions, target)
