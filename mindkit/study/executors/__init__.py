"""Where jobs are made. A job's failure never stops the rest; a run asked for twice is made once."""

from mindkit.study.executors.choosing import make_executor
from mindkit.study.executors.in_process import Executor, InProcess

__all__ = ["Executor", "InProcess", "make_executor"]
