"""What follows a run and writes down how it went."""

from mindkit.api import Registries, hookimpl


@hookimpl
def mindkit_register(registries: Registries) -> None:
    registries.trackers.add("jsonl", "mindkit_trackers.jsonl:Jsonl")
    registries.trackers.add("tensorboard", "mindkit_trackers.tensorboard:Tensorboard")
