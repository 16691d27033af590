"""What statistics say of a row, and of a row against the baseline: the values a table shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """One metric of one row over its seeds.

    sd: sample deviation over seeds (ddof 1), NaN for one. low, high: the bounds of a bootstrap
    interval at `level` for the mean, over test samples and seeds.
    """

    mean: float
    sd: float
    low: float
    high: float
    level: float
    seeds: int
    samples: int


@dataclass(frozen=True)
class Comparison:
    """One metric of one row against the baseline's, over the same test samples.

    difference: row minus baseline, with the bounds `low`, `high` of its interval. p: of the paired
    `test`; p_adjusted: after Holm's correction over the rows of the table. effect: the size of the
    difference in units said by `effect_name`. p_seeds: Wilcoxon's over paired seeds, NaN where
    there are too few.
    """

    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float
    effect: float
    effect_name: str
    p_seeds: float
    test: str
