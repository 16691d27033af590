"""Metrics that several data sets report."""

from __future__ import annotations

SENTIMENT_METRICS = (
    "mae",
    "corr",
    "acc2_non0",
    "acc2_has0",
    "f1_non0",
    "f1_has0",
    "acc7",
    "acc5",
    "acc3",
)
