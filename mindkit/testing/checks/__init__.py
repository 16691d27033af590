"""The contract checks themselves; `mindkit.testing.contracts` runs them.

Each returns nothing, or raises AssertionError that names what is wrong and what would be right.
"""

from mindkit.testing.checks import kinds, numbers, samples, shapes, words
from mindkit.testing.checks.applies import APPLIES, CHECKS

__all__ = ["APPLIES", "CHECKS", "kinds", "numbers", "samples", "shapes", "words"]
