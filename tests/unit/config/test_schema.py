import pytest

from mindkit.config.spec import Learning, Schedule
from mindkit.kinds import Criterion, FusionHead, Stage


def edit(root, old, new):
    path = root / "methods" / "small" / "default.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def term(spec, name):
    return next(one for one in spec.method.terms if one.name == name)


def test_a_wrong_component_is_shown_with_place_hint_and_excerpt(mistakes, root):
    edit(root, "type: hsic", "type: hscic")
    assert mistakes() == (
        "configs/methods/small/default.yaml:27:5: terms.diff.type\n"
        "  no criterion, MI estimator or reconstruction named 'hscic'; did you mean 'hsic'?\n"
        "    26     diff:\n"
        "    27 >     type: hscic\n"
        "    28       weight: 1e-3"
    )


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        (
            "text: {type: averaged}",
            "text: {type: averagd}",
            "encoders.text.type",
            "no encoder named 'averagd'; did you mean 'averaged'?",
        ),
        (
            "text: {type: averaged}",
            "text: {layers: 2}",
            "encoders.text.type",
            "`type` is missing: which encoder? known: averaged, recurrent",
        ),
        (
            "text: {type: averaged}",
            "text: {type: averaged, layer: 2}",
            "encoders.text.layer",
            "encoder 'averaged' has no option 'layer'; did you mean 'layers'?",
        ),
        (
            "text: {type: averaged}",
            "text: {type: averaged, x_dim: 2}",
            "encoders.text.x_dim",
            "'x_dim' is wired by the engine and cannot be set; remove it",
        ),
        (
            "text: {type: averaged}",
            "text: averaged",
            "encoders.text",
            "expected a map of keys and values, got the text 'averaged'",
        ),
        (
            "[invariant.*, specific.*]",
            "[invariant.*, specfic.*]",
            "fusion.inputs[1]",
            "no representation named 'specfic'; did you mean 'specific'?",
        ),
        (
            "[invariant.*, specific.*]",
            "[invariant.texxt]",
            "fusion.inputs[0]",
            "no modality named 'texxt'; did you mean 'text'?",
        ),
        (
            "[invariant.*, specific.*]",
            "[invariant.$m]",
            "fusion.inputs[0]",
            "'invariant.$m' has no meaning for the head; give it stages",
        ),
        (
            "[invariant.*, specific.*]",
            "invariant.*",
            "fusion.inputs",
            "`inputs` is a list of references",
        ),
        (
            "[invariant.*, specific.*]",
            "[sequence.*]",
            "fusion.inputs[0]",
            "the encoder of text gives no sequence, only one vector",
        ),
        (
            "specific: {type: mlp, from: encoded}",
            "specific: {type: mlp, from: encodde}",
            "representations.specific.from",
            "no representation named 'encodde'; did you mean 'encoded'?",
        ),
        (
            "{through: specific, from: gaussian}",
            "{through: specfic, from: gaussian}",
            "representations.noise.through",
            "no representation with weights of its own is named 'specfic'; did you mean 'specific'",
        ),
        (
            "{through: specific, from: gaussian}",
            "{through: specific, from: gaussian, dropout: 0.1}",
            "representations.noise.dropout",
            "'dropout' has no effect beside `through: specific`, whose weights it uses; remove it",
        ),
        (
            "{through: specific, from: gaussian}",
            "{through: specific}",
            "terms.info.inputs[2]",
            "'gaussian.$m' is never drawn: no representation is made `from: gaussian`",
        ),
        (
            "invariant: {type: mlp, from: encoded, share: true}",
            "invariant: {type: mlp, from: encoded, share: 1}",
            "representations.invariant.share",
            "expected true or false, got 1",
        ),
        ("width: 32", "width: 0", "width", "expected a whole number, got 0: it should be greater"),
        ("width: 32", "widht: 32", "widht", "a config has no key 'widht'; did you mean 'width'?"),
        ("width: 32\n", "", "width", "'width' is missing; every method has one"),
        (
            "    goal: maximize\n",
            "",
            "terms.info.goal",
            "MI estimator 'jsd' estimates information: say `goal: maximize` or `goal: minimize`",
        ),
        (
            "goal: maximize",
            "goal: maximise",
            "terms.info.goal",
            "expected 'minimize' or 'maximize', got the text 'maximise'; did you mean 'maximize'?",
        ),
        (
            "weight: 1e-2",
            "weight: '1e-2'",
            "terms.info.weight",
            "expected a number, or a map of start, end, until and shape, got the text '1e-2'",
        ),
        (
            "weight: 1e-2",
            "weight: {start: 0, end: 1, untl: 1}",
            "terms.info.weight.untl",
            "has no key 'untl'; did you mean 'until'?",
        ),
        (
            "weight: 1e-2",
            "weight: {start: 0}",
            "terms.info.weight.end",
            "'end' is missing; set it",
        ),
        (
            "{x: gaussian.$m, z: noise.$m}",
            "{x: gaussian.$m, y: noise.$m}",
            "terms.info.inputs[2]",
            "MI estimator 'jsd' takes x and z, but is given x and y; rename them",
        ),
        (
            "{x: gaussian.$m, z: noise.$m}",
            "{x: gaussian.$m}",
            "terms.info.inputs[2]",
            "MI estimator 'jsd' needs the argument 'z'; it takes: x, z",
        ),
        (
            "{x: gaussian.$m, z: noise.$m}",
            "{x: gaussian.$m, z: noise.$m, label: target}",
            "terms.info.inputs[2].label",
            "MI estimator 'jsd' takes no argument 'label'; known: x, z",
        ),
        (
            "{x: gaussian.$m, z: noise.$m}",
            "{x: gaussian.$m, z: noise.$m, copy: own.$n}",
            "terms.info.inputs[2].copy",
            "'own.$n' uses $n, which this line does not",
        ),
        (
            "[[invariant.$m, invariant.$n]]",
            "[[invariant.$m, invariant.$n, specific.$m]]",
            "terms.cons.inputs[0]",
            "3 arguments are given, but criterion 'barlow_twins' takes 2: a, b",
        ),
        (
            "[[invariant.$m, invariant.$n]]",
            "[invariant.$m]",
            "terms.cons.inputs[0]",
            "a line of `inputs` is a list […, …] or a map {a: …, b: …} of references",
        ),
        (
            "[[invariant.$m, invariant.$n]]",
            "{a: invariant.$m, b: invariant.$n}",
            "terms.cons.inputs",
            "`inputs` is a list of lines, each a list […, …] or a map {a: …, b: …}",
        ),
        (
            "[[invariant.$m, invariant.$n]]",
            "[[invariant.$m, 3]]",
            "terms.cons.inputs[0][1]",
            "a reference such as encoded.* is wanted, got 3",
        ),
        (
            "[[invariant.$m, invariant.$n]]",
            "[[sequence.$m, invariant.$n]]",
            "terms.cons.inputs[0]",
            "'sequence.$m' has a time axis, and criterion 'barlow_twins' takes vectors only",
        ),
        (
            "[[invariant.$m, invariant.$n]]",
            "[{a: invariant.$m, b: invariant.$n, copy: one}]",
            "terms.cons.inputs[0].copy",
            "criterion 'barlow_twins' has no parameters to share; remove `copy`",
        ),
        (
            "[[invariant.$m, invariant.$n]]}",
            "[[invariant.$m, specific.$m]], pairs: ordered}",
            "terms.cons.pairs",
            "no line uses both $m and $n, so `pairs` has no effect; remove it",
        ),
        (
            "type: hsic",
            "type: hsic\n    learning: {steps: 2}",
            "terms.diff.learning",
            "criterion 'hsic' has no optimiser step of its own, so `learning` has no effect",
        ),
        (
            "type: hsic",
            "type: hsic\n    kernel: rbff",
            "terms.diff.kernel",
            "expected 'linear' or 'rbf', got the text 'rbff'; did you mean 'rbf'?",
        ),
        (
            "type: barlow_twins",
            "type: barlow_twins, off_diagonal: dd",
            "terms.cons.off_diagonal",
            "expected a number, '1/d' or 'd', got the text 'dd'",
        ),
        (
            "type: mlp_decoder",
            "type: mlp_decoder\n    hidden: 256.0",
            "terms.recon.hidden",
            "expected a whole number, got 256.0",
        ),
        (
            "type: mlp_decoder",
            "type: mlp_decoder\n    hidden: .nan",
            "terms.recon.hidden",
            "expected a whole number, got nan",
        ),
        (
            "  np: {",
            "  noise: {",
            "terms.noise",
            "'noise' is a name in representations already, so --drop could not tell; rename one",
        ),
        (
            "specific: {type: mlp, from: encoded}",
            "specific: {type: mlp, from: [invariant, specifics]}",
            "representations.specific.from[1]",
            "no representation named 'specifics'",
        ),
        (
            "specific: {type: mlp, from: encoded}",
            "specific: {type: mlp, from: []}",
            "representations.specific.from",
            "the list is empty; name what 'specific' is made from: encoded",
        ),
        ("  np: {", "  n.p: {", "terms.n.p", "'n.p' cannot be a name; use letters, digits and _"),
        (
            "  noise: {",
            "  gaussian: {",
            "representations.gaussian",
            "the name 'gaussian' is reserved; choose another",
        ),
    ],
)
def test_a_mistake_names_the_place_and_what_would_do(mistakes, root, old, new, place, words):
    edit(root, old, new)
    message = mistakes()
    assert f": {place}\n" in message
    assert words in message
    assert "configs/methods/small/default.yaml:" in message


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("training.epochs=0", "expected a whole number, got 0: it should be greater than 0"),
        ("training.epochs=1.5", "expected a whole number, got 1.5"),
        ("stamp=3", "expected text, got 3"),
        ("training.epochs='3'", "expected a whole number, got the text '3'"),
        ("training.accumulate=0", "gradients, got 0: it should be greater than 0"),
        ("training.accumulate=two", "expected a whole number or a map of batches, gradients"),
        ("training.accumulate={gradients: summ}", "training.accumulate.gradients\n  expected"),
        ("training.accumulate={gradients: summ}", "did you mean 'sum'?"),
        ("training.selection.plateau={shrink: 1}", "it should be less than 1"),
        ("training.warmup=1.5", "it should be less than or equal to 1"),
        (
            "training.precision=bf16",
            "expected 'auto', 'float32' or 'bfloat16', got the text 'bf16'",
        ),
        ("training.clip.norm=0", "expected a number or null, got 0: it should be greater than 0"),
        ("training.optimizer.type=adamx", "did you mean 'adam'?"),
        ("training.optimizer.betas=[0.9]", "expected a list of 2: a number, a number, got a list"),
        ("training.optimizer.momentum=0.9", "the optimizer 'adamw' has no momentum"),
        ("training.optimizer.groups=[{macth: bert}]", "has no key 'macth'; did you mean 'match'?"),
        ("training.trackers=[json]", "no tracker named 'json'; did you mean 'jsonl'?"),
        ("data.standardize=trian", "did you mean 'train'?"),
        ("data.standardize={adio: train}", "no modality named 'adio'; did you mean 'audio'?"),
        ("data.standardize={audio: trian}", "data.standardize.audio"),
        ("data.pad_to=-1", "it should be greater than 0"),
        ("data.columns={txet: text_bert}", "no modality named 'txet'; did you mean 'text'?"),
        ("data.columns={text: 3}", "data.columns.text"),
        ("data.truncate=0", "it should be greater than 0"),
        ("data.truncate={vison: 50}", "no modality named 'vison'; did you mean 'vision'?"),
        ("data.clip={audio: -1}", "it should be greater than 0"),
        ("data.clip={adio: 1}", "no modality named 'adio'"),
        ("data.noise.deviations=-0.1", "it should be greater than or equal to 0"),
        ("data.noise.deviations={adio: 1}", "no modality named 'adio'"),
        ("data.noise.rates=0.1", "has no key 'rates'"),
        ("data.missing.rates=1.5", "it should be less than or equal to 1"),
        ("data.missing.rates={txt: 0.5}", "no modality named 'txt'; did you mean 'text'?"),
        ("data.missing.unit=steps", "did you mean 'step'?"),
        ("data.missing.splits=[dev]", "data.missing.splits[0]"),
        ("data.align=repeated", "did you mean 'repeat'?"),
        ("data.align=first", "encoders of tokens: none, modalities: text, audio, vision"),
    ],
)
def test_training_and_data_are_checked_likewise(mistakes, setting, words):
    assert words in mistakes(settings=[setting])


def test_one_value_or_one_by_modality(load):
    settings = ["data.truncate=50", "data.clip={audio: 5}", "data.missing.rates={text: 0.3}"]
    data = load(settings=[*settings, "data.noise.splits=[test]", "data.noise.deviations=1"]).data
    assert (data.truncate, data.clip, data.missing.rates) == (50, {"audio": 5.0}, {"text": 0.3})
    assert (data.noise.deviations, data.noise.splits) == (1.0, ("test",))


def test_streams_are_aligned_to_an_encoder_that_knows_its_words(load, tokenising):
    assert load(settings=[tokenising, "data.align=repeat"]).data.align == "repeat"


def test_what_is_aligned_cannot_be_cut_before(mistakes, tokenising):
    words = mistakes(settings=[tokenising, "data.align=repeat", "data.truncate={audio: 9}"])
    assert (
        "data.truncate" in words and "the text encoder's max_length cuts what is aligned" in words
    )


def test_betas_do_not_outlive_a_change_to_sgd(load):
    spec = load(settings=["training.optimizer.type=sgd", "training.optimizer.momentum=0.9"])
    assert spec.training.optimizer.momentum == 0.9
    assert "betas" not in spec.resolved["training"]["optimizer"]


def test_every_mistake_is_reported_at_once(mistakes, root):
    edit(root, "type: hsic", "type: hscic")
    edit(root, "width: 32", "width: wide")
    edit(root, "specific: {type: mlp", "specific: {type: mpl")
    message = mistakes(settings=["training.epochs=0", "terms.recon.hiden=3"])
    for place in (
        "terms.diff.type",
        "width",
        "representations.specific.type",
        "training.epochs",
        "terms.recon.hiden",
    ):
        assert f": {place}\n" in message


def test_representations_are_put_in_order_of_dependency(load, root):
    edit(root, "representations:\n", "representations:\n  late: {type: mlp, from: specific}\n")
    edit(root, "[invariant.*, specific.*]", "[invariant.*, specific.*, late.*]")
    names = [one.name for one in load().method.representations]
    assert names.index("specific") < names.index("late")


def test_representations_made_from_each_other_are_an_error(mistakes, root):
    edit(root, "specific: {type: mlp, from: encoded}", "specific: {type: mlp, from: invariant}")
    edit(root, "invariant: {type: mlp, from: encoded", "invariant: {type: mlp, from: specific")
    assert "these are made from each other: invariant <- specific <- invariant" in mistakes()


def test_a_representation_may_be_made_from_several(load, root):
    edit(root, "representations:\n", "representations:\n  both: {type: mlp, from: [late, noise]}\n")
    edit(root, "  noise: {", "  late: {type: mlp, from: [invariant, specific]}\n  noise: {")
    edit(root, "[invariant.*, specific.*]", "[invariant.*, specific.*, both.*]")
    made = {one.name: one.sources for one in load().method.representations}
    assert made["late"] == ("invariant", "specific")
    assert list(made)[-1] == "both"


def test_weights_are_reused_on_as_many_sources_as_they_were_made_for(mistakes, root):
    edit(root, "from: gaussian", "from: [gaussian, invariant]")
    message = mistakes()
    assert ": representations.noise.from\n" in message
    assert "the weights of 'specific' take 1 vector(s) side by side, but it is made" in message


def test_sequences_and_vectors_cannot_be_joined_in_a_representation(mistakes, root):
    edit(
        root,
        "specific: {type: mlp, from: encoded}",
        "specific: {type: mlp, from: [encoded, sequence]}",
    )
    recurrent = [f"encoders.{one}.type=recurrent" for one in ("text", "audio", "vision")]
    words = "sequence has a time axis and encoded has none, so they cannot be joined"
    assert words in mistakes(settings=recurrent)


def test_a_stage_that_reads_sequences_is_refused_vectors(mistakes, registries, root):
    class Read(Stage):
        def __init__(self, x_dim: int, width: int) -> None:
            super().__init__()

        def forward(self, x, mask):
            raise NotImplementedError

    registries.stages.add("read", Read)
    edit(root, "specific: {type: mlp, from: encoded}", "specific: {type: read, from: encoded}")
    words = "its stage makes a vector of a sequence, and encoded has no time axis"
    assert words in mistakes()


def test_rows_of_different_widths_cannot_share_a_copy(mistakes):
    settings = ["terms.info.inputs[0].copy=one", "terms.info.inputs[1].copy=one"]
    message = mistakes(settings=settings)
    assert "the copy 'one' is shared by rows of different widths" in message


def test_a_weight_may_be_a_schedule(load):
    spec = load(settings=["terms.diff.weight={start: 0, end: 1e-3, until: 0.5, shape: cosine}"])
    assert term(spec, "diff").weight == Schedule(0.0, 1e-3, 0.5, "cosine")


def test_a_component_with_its_own_step_has_learning(load):
    spec = load(settings=["terms.info.type=club", "terms.info.learning={rate: 1e-4, steps: 5}"])
    assert term(spec, "info").learning == Learning(1e-4, 5)


def test_any_kind_may_be_maximised(load):
    assert term(load(settings=["terms.diff.goal=maximize"]), "diff").goal == "maximize"


def test_a_head_over_time_takes_sequences_of_encoders_that_give_them(load):
    settings = [f"encoders.{one}.type=recurrent" for one in ("text", "audio", "vision")]
    settings += ["fusion.type=attend", "fusion.inputs=[sequence.*]"]
    assert [str(r) for r in load(settings=settings).method.fusion.inputs] == [
        "sequence.text",
        "sequence.audio",
        "sequence.vision",
    ]


def test_a_head_is_refused_inputs_it_does_not_take(mistakes):
    message = mistakes(settings=["fusion.type=attend"])
    assert "fusion head 'attend' takes no vectors, such as invariant.*" in message
    assert "fusion head 'attend' needs sequences, such as sequence.*; add them" in message


@pytest.mark.parametrize(
    ("inputs", "good"),
    [
        ("[invariant.*, specific.*]", True),
        ("[invariant.text, specific.text]", True),
        ("[invariant.*]", False),
        ("[invariant.*, specific.*, sequence.*]", False),
        ("[invariant.text, invariant.audio, specific.audio, specific.text]", False),
        ("[invariant.text, specific.audio]", False),
    ],
)
def test_a_head_of_several_streams_is_given_each_of_the_same_modalities(
    load, mistakes, registries, root, inputs, good
):
    class Streams(FusionHead):
        streams = 2

        def __init__(self, parts_dim: int) -> None:
            super().__init__()

        def forward(self, sequences, masks):
            raise NotImplementedError

    registries.fusion_heads.add("streams", Streams)
    edit(root, "{type: averaged}", "{type: recurrent}")
    edit(root, "specific: {type: mlp, from: encoded}", "specific: {type: mlp, from: sequence}")
    edit(root, "{type: mlp, from: encoded, share", "{type: mlp, from: sequence, share")
    path = root / "methods" / "small" / "default.yaml"
    upto_task, _ = path.read_text().split("  info:")
    path.write_text(upto_task)
    settings = ["fusion.type=streams", f"fusion.inputs={inputs}"]
    if good:
        assert load(settings=settings).method.fusion.block.type == "streams"
    else:
        message = mistakes(settings=settings)
        assert ": fusion.inputs" in message
        assert "'streams' takes sequences of 2 representations, each of all modalities" in message


def test_an_option_named_like_a_key_of_its_block_is_refused(mistakes, registries):
    class Clash(Criterion):
        def __init__(self, *, reduce: str = "mean") -> None:
            super().__init__()

        def forward(self, a, b):
            raise NotImplementedError

    registries.criteria.add("clash", Clash)
    message = mistakes(settings=["terms.cons.type=clash"])
    assert "criterion 'clash' has an option 'reduce', a word that is taken in terms" in message


def test_a_component_that_cannot_be_imported_is_a_problem_that_names_its_plugin(
    mistakes, registries
):
    with registries.registering("broken"):
        registries.criteria.add("gone", "no_such_module:Gone")
    message = mistakes(settings=["terms.cons.type=gone"])
    assert "criterion 'gone' of plugin 'broken' cannot be imported: ModuleNotFoundError" in message


def test_a_required_option_must_be_set(mistakes, registries):
    class Strict(Criterion):
        def __init__(self, *, margin: float) -> None:
            super().__init__()

        def forward(self, a, b):
            raise NotImplementedError

    registries.criteria.add("strict", Strict)
    message = mistakes(settings=["terms.cons.type=strict"])
    assert "criterion 'strict' needs the option 'margin'; set it" in message


def test_an_option_that_stands_where_sizes_are_wired_is_told_where_to_go(mistakes, registries):
    class Huber(Criterion):
        def __init__(self, a_dim: int, beta: float = 1.0) -> None:
            super().__init__()

        def forward(self, a, b):
            raise NotImplementedError

    registries.criteria.add("huber", Huber)
    huber = "terms.cons.type=huber"
    message = mistakes(settings=[huber, "terms.cons.beta=0.5"])
    assert "Huber.__init__, where the engine wires sizes, and it has no 'beta' to give" in message
    assert "move it after `*`: there it is an option" in message
    message = mistakes(settings=[huber, "terms.cons.a_dim=3"])
    assert "'a_dim' is wired by the engine and cannot be set; remove it" in message


def test_the_plain_number_1e_minus_3_is_a_number(load):
    assert term(load(settings=["terms.diff.weight=1e-3"]), "diff").weight == 1e-3
