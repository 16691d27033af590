import pytest


def rows(spec):
    return {term.name: len(term.rows) for term in spec.method.terms}


def stages(spec):
    return [representation.name for representation in spec.method.representations]


def term(spec, name):
    return next(one for one in spec.method.terms if one.name == name)


def test_a_dropped_term_is_gone_and_nothing_else(load):
    spec = load(drop=["diff"])
    assert rows(spec) == {"task": 1, "info": 9, "cons": 3, "recon": 3, "cyr": 6, "np": 1}
    assert spec.dropped == ("diff: dropped (--drop diff)",)
    assert "diff" not in spec.resolved["terms"]


def test_a_dropped_modality_leaves_two_modality_rows(load):
    spec = load(drop=["audio"])
    assert spec.method.modalities == ("text", "vision")
    assert rows(spec) == {
        "task": 1,
        "info": 6,
        "cons": 1,
        "diff": 7,
        "recon": 2,
        "cyr": 4,
        "np": 1,
    }
    assert "audio" not in spec.resolved["encoders"]


def test_a_dropped_modality_leaves_options_that_are_maps(load):
    widths, strengths = "{text: 3, audio: 4, vision: 5}", "{text: 1.0, audio: 0.5, vision: 0.0}"
    settings = [f"fusion.hidden={widths}", f"terms.cyr.strength={strengths}"]
    spec = load(drop=["audio"], settings=settings)
    assert spec.method.fusion.block.options["hidden"] == {"text": 3, "vision": 5}
    assert term(spec, "cyr").block.options["strength"] == {"text": 1.0, "vision": 0.0}
    assert spec.resolved["fusion"]["hidden"] == {"text": 3, "vision": 5}


def test_dropping_noise_takes_the_terms_that_need_it(load):
    spec = load(drop=["noise"])
    assert stages(spec) == ["invariant", "specific"]
    assert rows(spec) == {"task": 1, "info": 6, "cons": 3, "diff": 6, "recon": 3}
    assert "np: no rows left, since noise was dropped" in spec.dropped
    assert "cyr: no rows left, since noise was dropped" in spec.dropped
    assert "info: line 3 of its inputs went, since noise was dropped" in spec.dropped
    assert "recon: line 1: noise.$m left its list, since noise was dropped" in spec.dropped


def test_a_reference_to_something_dropped_leaves_its_list(load):
    (first, *_) = term(load(drop=["noise"]), "recon").rows
    assert [str(r) for r in first.arguments["parts"]] == ["invariant.text", "specific.text"]


def test_dropping_specific_takes_noise_which_goes_through_it(load):
    spec = load(drop=["specific"])
    assert stages(spec) == ["invariant"]
    assert "noise: goes through specific, which was dropped" in spec.dropped
    assert rows(spec) == {"task": 1, "info": 3, "cons": 3, "recon": 3}


def test_what_is_made_from_something_dropped_goes_too(load, root):
    path = root / "methods" / "small" / "default.yaml"
    path.write_text(
        path.read_text()
        .replace("fusion:", "  late: {type: mlp, from: invariant}\nfusion:")
        .replace("inputs: [invariant.*", "inputs: [late.*, invariant.*")
    )
    spec = load(drop=["invariant"])
    assert "late: is made from invariant, which was dropped" in spec.dropped
    assert "late" not in stages(spec)


def test_what_is_made_from_several_is_made_from_those_that_are_left(load, root):
    path = root / "methods" / "small" / "default.yaml"
    path.write_text(
        path.read_text()
        .replace("fusion:", "  late: {type: mlp, from: [invariant, specific]}\nfusion:")
        .replace("inputs: [invariant.*", "inputs: [late.*, invariant.*")
    )
    spec = load(drop=["invariant"])
    late = next(one for one in spec.method.representations if one.name == "late")
    assert late.sources == ("specific",)
    words = "late: invariant left what it is made from, since invariant was dropped"
    assert words in spec.dropped


def test_dropping_invariant_leaves_the_other_parts(load):
    spec = load(drop=["invariant"])
    assert stages(spec) == ["specific", "noise"]
    assert rows(spec) == {"task": 1, "info": 6, "diff": 6, "recon": 3, "cyr": 6, "np": 1}
    assert {r.stage for r in spec.method.fusion.inputs} == {"specific"}


def test_explicit_references_to_a_dropped_modality_go(load):
    settings = [
        "fusion.inputs=[invariant.text, invariant.audio]",
        "terms.cons.inputs=[[invariant.text, invariant.audio], [invariant.$m, invariant.$n]]",
    ]
    spec = load(drop=["audio"], settings=settings)
    assert [str(r) for r in spec.method.fusion.inputs] == ["invariant.text"]
    assert rows(spec)["cons"] == 1
    assert "fusion: invariant.audio left the inputs, since audio was dropped" in spec.dropped


def test_pairs_of_a_single_modality_are_said_to_be_impossible(load):
    spec = load(drop=["audio", "vision"])
    assert "cons: no rows left, since a single modality makes no such pair" in spec.dropped
    assert rows(spec)["diff"] == 3
    assert "pairs" not in spec.resolved["terms"]["diff"]


def test_a_method_of_one_modality_loses_its_pairs_without_any_drop(load):
    settings = ["encoders={text: {type: averaged}}"]
    spec = load(settings=settings, drop=["audio", "vision"])
    assert spec.method.modalities == ("text",)


def test_what_nothing_uses_is_removed_and_said(load):
    spec = load(drop=["only_task"])
    assert stages(spec) == ["invariant", "specific"]
    assert "noise: removed, since neither fusion nor any term uses it" in spec.dropped


def test_an_unused_owner_of_weights_stays(load):
    settings = ["fusion.inputs=[invariant.*]", "terms.recon.inputs=[[noise.$m, encoded.$m]]"]
    spec = load(drop=["info", "diff", "cyr", "np", "cons"], settings=settings)
    assert stages(spec) == ["invariant", "specific", "noise"]


def test_an_ablation_drops_and_sets(load):
    spec = load(drop=["plain"])
    assert rows(spec) == {"task": 1}
    assert stages(spec) == []
    assert {r.stage for r in spec.method.fusion.inputs} == {"encoded"}
    assert "invariant: dropped (--drop plain)" in spec.dropped


def test_drop_comes_after_base_and_set(load):
    spec = load("child", drop=["audio"], settings=["terms.diff.weight=7"])
    assert term(spec, "diff").weight == 7
    assert rows(spec)["diff"] == 7


def test_a_setting_of_something_dropped_is_said_to_have_no_effect(load):
    spec = load(drop=["info"], settings=["terms.info.weight=0.5"])
    assert "--set terms.info.weight=0.5: no effect, since info was dropped" in spec.dropped


def test_the_treatment_of_a_dropped_modality_goes_with_it(load):
    settings = ["data.standardize={audio: none, vision: train}", "data.truncate={audio: 9}"]
    settings += ["data.missing.rates={audio: 0.1, text: 0.2}", "data.columns={audio: audio_raw}"]
    data = load(drop=["audio"], settings=settings).data
    assert data.standardize == {"vision": "train"}
    assert data.missing.rates == {"text": 0.2}
    assert (data.truncate, data.columns) == ({}, {})


@pytest.mark.parametrize(
    ("drop", "words"),
    [(["text"], "text was dropped"), (["audio", "vision"], "audio and vision were dropped")],
)
def test_without_anything_to_align_or_to_align_to_nothing_is_aligned(load, tokenising, drop, words):
    settings = [tokenising, "data.align=repeat"]
    spec = load(drop=drop, settings=settings)
    assert spec.data.align == "none"
    assert f"data.align: none, since {words}" in spec.dropped
    assert load(drop=["audio"], settings=settings).data.align == "repeat"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "texxt",
            "no term, representation, modality or ablation named 'texxt'; did you mean 'text'",
        ),
        ("nosie", "did you mean 'noise'?"),
        ("only_tusk", "did you mean 'only_task'?"),
    ],
)
def test_an_unknown_name_is_told_the_nearest(mistakes, name, words):
    message = mistakes(drop=[name])
    assert message.startswith(f"--drop {name}\n")
    assert words in message


def test_an_ablation_that_drops_an_unknown_name_is_told_where(mistakes, root):
    (root / "methods" / "small" / "ablations.yaml").write_text("a:\n  drop: [infos]\n")
    message = mistakes(drop=["a"])
    assert message.startswith("configs/methods/small/ablations.yaml:1:1: a.drop")
    assert "nothing to drop is named 'infos'; did you mean 'info'?" in message


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["task"], "no term uses `prediction`, so nothing would train it"),
        (["invariant", "specific"], "nothing is left for fusion.inputs"),
        (["text", "audio", "vision"], "no modality is left"),
    ],
)
def test_dropping_what_is_required_is_an_error(mistakes, names, words):
    message = mistakes(drop=names)
    assert message.startswith(" ".join(f"--drop {name}" for name in names))
    assert words in message


def test_a_misspelt_reference_is_an_error_and_not_taken_for_something_dropped(mistakes):
    message = mistakes(drop=["noise"], settings=["terms.cons.inputs=[[nois.$m, invariant.$m]]"])
    assert "no representation named 'nois'; did you mean 'noise'?" in message
