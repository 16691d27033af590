"""A laboratory bench for disentanglement methods in multimodal sentiment, humour and intent."""

__version__ = "0.1.0"
