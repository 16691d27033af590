"""`python -m mindkit` is `mindkit`."""

from mindkit.cli import main

main()
