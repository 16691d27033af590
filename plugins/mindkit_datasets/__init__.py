"""Data sets of multimodal sentiment, humour, sarcasm, emotion and intent recognition."""

from mindkit.api import hookimpl


@hookimpl
def mindkit_register(registries):
    """Add the data sets."""
    registries.datasets.add("custom", "mindkit_datasets.custom:Custom")
    registries.datasets.add("meld", "mindkit_datasets.meld:Meld")
    registries.datasets.add("meld_sentiment", "mindkit_datasets.meld_sentiment:MeldSentiment")
    registries.datasets.add("mintrec", "mindkit_datasets.mintrec:Mintrec")
    registries.datasets.add("mintrec2", "mindkit_datasets.mintrec2:Mintrec2")
    registries.datasets.add("mintrec_binary", "mindkit_datasets.mintrec_binary:MintrecBinary")
    registries.datasets.add("mosei", "mindkit_datasets.mosei:Mosei")
    registries.datasets.add("mosi", "mindkit_datasets.mosi:Mosi")
    registries.datasets.add("mustard", "mindkit_datasets.mustard:Mustard")
    registries.datasets.add("sims", "mindkit_datasets.sims:Sims")
    registries.datasets.add("ur_funny", "mindkit_datasets.ur_funny:UrFunny")
