"""What two or more papers share: one file a component, one folder a kind."""

from mindkit.api import Registries, hookimpl


@hookimpl
def mindkit_register(registries: Registries) -> None:
    registries.encoders.add("transformer", "mindkit_basics.encoders.transformer:Transformer")
    registries.encoders.add("bert", "mindkit_basics.encoders.bert:Bert")
    registries.encoders.add("glove", "mindkit_basics.encoders.glove:Glove")
    registries.encoders.add("vector", "mindkit_basics.encoders.vector:Vector")
    registries.stages.add("mlp", "mindkit_basics.stages.mlp:Mlp")
    registries.mi_estimators.add("jsd", "mindkit_basics.mi.jsd:Jsd")
    registries.criteria.add("barlow_twins", "mindkit_basics.criteria.barlow_twins:BarlowTwins")
    registries.criteria.add("hsic", "mindkit_basics.criteria.hsic:Hsic")
    registries.criteria.add("supervised", "mindkit_basics.criteria.supervised:Supervised")
    registries.reconstructions.add(
        "mlp_decoder", "mindkit_basics.reconstructions.mlp_decoder:MlpDecoder"
    )
    registries.fusion_heads.add("concat_mlp", "mindkit_basics.heads.concat_mlp:ConcatMlp")
