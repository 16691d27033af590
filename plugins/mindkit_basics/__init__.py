"""What two or more papers share: one file a component, one folder a kind."""

from mindkit.api import Registries, hookimpl


@hookimpl
def mindkit_register(registries: Registries) -> None:
    registries.encoders.add("transformer", "mindkit_basics.encoders.transformer:Transformer")
    registries.encoders.add("average_mlp", "mindkit_basics.encoders.average_mlp:AverageMlp")
    registries.encoders.add("bert", "mindkit_basics.encoders.bert:Bert")
    registries.encoders.add("glove", "mindkit_basics.encoders.glove:Glove")
    registries.encoders.add("convolution", "mindkit_basics.encoders.convolution:Convolution")
    registries.encoders.add("recurrent", "mindkit_basics.encoders.recurrent:Recurrent")
    registries.encoders.add("vector", "mindkit_basics.encoders.vector:Vector")
    registries.stages.add("gaussian_sample", "mindkit_basics.stages.gaussian_sample:GaussianSample")
    registries.stages.add("mlp", "mindkit_basics.stages.mlp:Mlp")
    registries.mi_estimators.add("jsd", "mindkit_basics.mi.jsd:Jsd")
    registries.mi_estimators.add("infonce", "mindkit_basics.mi.infonce:Infonce")
    registries.mi_estimators.add("mine", "mindkit_basics.mi.mine:Mine")
    registries.mi_estimators.add("nwj", "mindkit_basics.mi.nwj:Nwj")
    registries.mi_estimators.add("smile", "mindkit_basics.mi.smile:Smile")
    registries.mi_estimators.add("tuba", "mindkit_basics.mi.tuba:Tuba")
    registries.mi_estimators.add("club", "mindkit_basics.mi.club:Club")
    registries.mi_estimators.add("club_cat", "mindkit_basics.mi.club_cat:ClubCat")
    registries.mi_estimators.add("club_sample", "mindkit_basics.mi.club_sample:ClubSample")
    registries.mi_estimators.add("leave_one_out", "mindkit_basics.mi.leave_one_out:LeaveOneOut")
    registries.criteria.add(
        "absolute_cosine", "mindkit_basics.criteria.absolute_cosine:AbsoluteCosine"
    )
    registries.criteria.add("barlow_twins", "mindkit_basics.criteria.barlow_twins:BarlowTwins")
    registries.criteria.add("hsic", "mindkit_basics.criteria.hsic:Hsic")
    registries.criteria.add("cca", "mindkit_basics.criteria.cca:Cca")
    registries.criteria.add("cmd", "mindkit_basics.criteria.cmd:Cmd")
    registries.criteria.add("coco", "mindkit_basics.criteria.coco:Coco")
    registries.criteria.add("coral", "mindkit_basics.criteria.coral:Coral")
    registries.criteria.add(
        "cosine_distance", "mindkit_basics.criteria.cosine_distance:CosineDistance"
    )
    registries.criteria.add(
        "cosine_embedding", "mindkit_basics.criteria.cosine_embedding:CosineEmbedding"
    )
    registries.criteria.add(
        "distance_correlation", "mindkit_basics.criteria.distance_correlation:DistanceCorrelation"
    )
    registries.criteria.add("mmd", "mindkit_basics.criteria.mmd:Mmd")
    registries.criteria.add(
        "modality_discriminator",
        "mindkit_basics.criteria.modality_discriminator:ModalityDiscriminator",
    )
    registries.criteria.add(
        "alternating_discriminator",
        "mindkit_basics.criteria.alternating_discriminator:AlternatingDiscriminator",
    )
    registries.criteria.add(
        "angular_discriminator",
        "mindkit_basics.criteria.angular_discriminator:AngularDiscriminator",
    )
    registries.criteria.add("mse", "mindkit_basics.criteria.mse:Mse")
    registries.criteria.add("nhsic", "mindkit_basics.criteria.nhsic:Nhsic")
    registries.criteria.add("nt_xent", "mindkit_basics.criteria.nt_xent:NtXent")
    registries.criteria.add(
        "shared_private_discriminator",
        "mindkit_basics.criteria.shared_private_discriminator:SharedPrivateDiscriminator",
    )
    registries.criteria.add(
        "similarity_matrix", "mindkit_basics.criteria.similarity_matrix:SimilarityMatrix"
    )
    registries.criteria.add("smooth_l1", "mindkit_basics.criteria.smooth_l1:SmoothL1")
    registries.criteria.add(
        "soft_orthogonality", "mindkit_basics.criteria.soft_orthogonality:SoftOrthogonality"
    )
    registries.criteria.add(
        "squared_cosine", "mindkit_basics.criteria.squared_cosine:SquaredCosine"
    )
    registries.criteria.add("supcon", "mindkit_basics.criteria.supcon:Supcon")
    registries.criteria.add(
        "variational_bottleneck",
        "mindkit_basics.criteria.variational_bottleneck:VariationalBottleneck",
    )
    registries.criteria.add("vicreg", "mindkit_basics.criteria.vicreg:Vicreg")
    registries.criteria.add("supervised", "mindkit_basics.criteria.supervised:Supervised")
    registries.reconstructions.add(
        "mlp_decoder", "mindkit_basics.reconstructions.mlp_decoder:MlpDecoder"
    )
    registries.reconstructions.add(
        "linear_decoder", "mindkit_basics.reconstructions.linear_decoder:LinearDecoder"
    )
    registries.reconstructions.add(
        "lstm_decoder", "mindkit_basics.reconstructions.lstm_decoder:LstmDecoder"
    )
    registries.fusion_heads.add(
        "attention_pooling", "mindkit_basics.heads.attention_pooling:AttentionPooling"
    )
    registries.fusion_heads.add("concat_mlp", "mindkit_basics.heads.concat_mlp:ConcatMlp")
    registries.fusion_heads.add(
        "crossmodal_transformer",
        "mindkit_basics.heads.crossmodal_transformer:CrossmodalTransformer",
    )
    registries.fusion_heads.add("gated_concat", "mindkit_basics.heads.gated_concat:GatedConcat")
    registries.fusion_heads.add(
        "low_rank_fusion", "mindkit_basics.heads.low_rank_fusion:LowRankFusion"
    )
    registries.fusion_heads.add("tensor_fusion", "mindkit_basics.heads.tensor_fusion:TensorFusion")
    registries.fusion_heads.add(
        "token_self_attention", "mindkit_basics.heads.token_self_attention:TokenSelfAttention"
    )
