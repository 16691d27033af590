"""Every registered component passes the checks that plugin authors run on theirs."""

import pytest

from mindkit.hooks import load_plugins
from mindkit.testing.contracts import Case, contract_cases, wire

# Components whose defaults cannot be built in a test: name -> options, from the fixtures.
OPTIONS = {
    "bert": lambda fixture: {"model": str(fixture("tiny_bert"))},
    "tensor_fusion": lambda fixture: {"widths": 2},  # of five parts, 33^5 entries by default
    "glove": lambda fixture: {"vectors": str(fixture("tiny_glove"))},
}

# Checks left out: (name, check) -> reason.
SKIPPED: dict[tuple[str, str], str] = {}

LARGE = ("mosei", "ur_funny", "mintrec", "mintrec_binary", "mintrec2", "meld", "meld_sentiment")
SLOW = {(name, "keeps_splits_apart") for name in LARGE}


def parameters():
    for label, case in contract_cases(load_plugins().registries):
        key = (case.name, case.check)
        marks = [pytest.mark.skip(SKIPPED[key])] if key in SKIPPED else []
        marks += [pytest.mark.slow] if key in SLOW else []
        marks += [pytest.mark.gpu] if case.check == "agrees_across_devices" else []
        yield pytest.param(case, id=label, marks=marks)


@pytest.mark.parametrize("case", list(parameters()))
def test_component_keeps_its_contract(case, request):
    options = OPTIONS.get(case.name, lambda fixture: {})(request.getfixturevalue)
    case(options)


CONTRASTS = ("jsd", "mine", "nwj", "smile", "tuba")


@pytest.mark.parametrize("negatives", ["shift", "derangement", "offdiag", "bank"])
@pytest.mark.parametrize("name", CONTRASTS)
def test_a_contrast_says_with_which_negatives_it_is_ordered(name, negatives):
    component = load_plugins().registries.mi_estimators.get(name)
    Case("ignores_the_order", "mi_estimators", name, component)({"negatives": negatives})
    assert wire(component, options={"negatives": negatives}).ordered == (negatives != "offdiag")


def test_every_override_names_a_check_that_exists():
    cases = {(case.name, case.check) for _, case in contract_cases(load_plugins().registries)}
    assert {*SKIPPED, *SLOW} <= cases
    assert set(OPTIONS) <= {name for name, _ in cases}
