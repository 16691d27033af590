"""Data sets of multimodal sentiment, humour and intent recognition."""

from mindkit.api import hookimpl


@hookimpl
def mindkit_register(registries):
    """Add the data sets."""
    registries.datasets.add("mintrec", "mindkit_datasets.mintrec:Mintrec")
    registries.datasets.add("mosei", "mindkit_datasets.mosei:Mosei")
    registries.datasets.add("mosi", "mindkit_datasets.mosi:Mosi")
    registries.datasets.add("ur_funny", "mindkit_datasets.ur_funny:UrFunny")
