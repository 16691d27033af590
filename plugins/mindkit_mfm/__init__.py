"""MFM (Tsai et al. 2019): a factor that tells the label, and one that generates each modality."""

from mindkit.api import Registries, hookimpl


@hookimpl
def mindkit_register(registries: Registries) -> None:
    registries.stages.add("lstm_last", "mindkit_mfm.lstm_last:LstmLast")
    registries.fusion_heads.add("memory_fusion", "mindkit_mfm.memory_fusion:MemoryFusion")
