"""What plugin authors test their components with."""

from mindkit.testing.contracts import contract_tests, run_checks

__all__ = ["contract_tests", "run_checks"]
