"""The LaTeX of a table, read as TeX would read it."""

import re
from dataclasses import replace

import pytest

from mindkit.study.latex import escaped, to_latex

# A sign that means something to TeX and is not escaped; comments and our own commands are taken
# out first.
SPECIAL = re.compile(r"(?<!\\)[#%~\"<>]|(?<!\\)\^(?!\{)")
COMMANDS = {
    "begin",
    "end",
    "centering",
    "caption",
    "textbf",
    "textit",
    "underline",
    "multicolumn",
    "toprule",
    "midrule",
    "bottomrule",
    "par",
    "footnotesize",
    "pm",
    "dagger",
    "uparrow",
    "downarrow",
    "textbackslash",
}


@pytest.fixture
def text(study_table):
    """All but the comments."""
    lines = to_latex(study_table).splitlines()
    return "\n".join(line for line in lines if not line.startswith("%"))


def rows(text):
    """The lines of each tabular, as cells, and the number of columns it declares."""
    for columns, body in re.findall(
        r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.S
    ):
        lines = [line[:-3] for line in body.splitlines() if line.endswith(r" \\")]
        yield len(columns), [re.split(r"(?<!\\)&", line) for line in lines]


def test_braces_and_environments_are_balanced(text):
    depth = 0
    for sign in re.findall(r"(?<!\\)(?:\\\\)*([{}])", text):
        depth += 1 if sign == "{" else -1
        assert depth >= 0
    assert depth == 0
    begun = re.findall(r"\\begin\{(\w+)\}", text)
    assert begun == ["table", "tabular"] * 2
    assert sorted(re.findall(r"\\end\{(\w+)\}", text)) == sorted(begun)
    assert text.count("$") % 2 == 0


def test_every_line_has_the_columns_that_are_declared(text):
    for declared, lines in rows(text):
        assert len(lines) >= 5
        for cells in lines:
            spanned = re.match(r"\\multicolumn\{(\d+)\}", cells[0])
            assert (int(spanned[1]) if spanned else len(cells)) == declared


def test_nothing_that_means_something_to_tex_is_left_bare(text):
    assert not SPECIAL.findall(text.replace("$<$", "").replace("$>$", ""))
    assert not re.search(r"(?<!\\)_", text)
    assert set(re.findall(r"\\([A-Za-z]+)", text)) <= COMMANDS
    assert r"Ablations of a\_b \& c on 50\% \#1" in text
    assert r"role of \{x\}\_y" in text
    assert r"no \{braces\} \textbackslash{} left | here" in text


def test_a_line_does_not_begin_as_an_argument_of_the_line_before(text):
    assert r"{[}odd] {*}row{*} (1 of 2 seeds)" in text
    assert not re.search(r"\\\\\s*[\[*]", text)


@pytest.mark.parametrize(
    ("plain", "tex"),
    [
        ("a_b", r"a\_b"),
        ("50 % & #1 $", r"50 \% \& \#1 \$"),
        ("{x}", r"\{x\}"),
        (r"C:\new", r"C:\textbackslash{}new"),
        ("a^b~c", r"a\textasciicircum{}b\textasciitilde{}c"),
        ("-0.5 w/o cyr-2 [-1, 2]", r"$-$0.5 w/o cyr-2 {[}$-$1, 2]"),
        ("↑ ↓ ± † – ≤", r"$\uparrow$ $\downarrow$ $\pm$ $\dagger$ -- $\leq$"),
        ("two\n  lines", "two lines"),
    ],
)
def test_text_is_printed_as_it_is(plain, tex):
    assert escaped(plain) == tex


def test_the_best_the_second_and_stars_are_marked(text):
    assert r"\textbf{0.650 $\pm$ 0.013}$^{**}$ & " in text
    assert r"\underline{0.700 $\pm$ 0.013} & 0.711 & \textbf{0.800 $\pm$ 0.013} & 1,234,567" in text
    assert r" & mae $\downarrow$ & paper & f1\_non0 $\uparrow$ & parameters \\" in text


def test_the_rows_that_failed_are_there(text):
    assert r"lost (0 of 2 seeds) & failed &  & failed & -- \\" in text
    assert r"FAILED: lost, seed 2: no \{braces\}" in text


def test_stamps_footer_and_provenance_are_there(study_table, text):
    captions = re.findall(r"\\caption\{(.*)\}", text)
    assert len(captions) == 2
    assert all(r"\textbf{SIMULATED\_DATA: 100 \%}" in caption for caption in captions)
    assert r"Mean $\pm$ sd; p $<$ 0.05." in text
    head = to_latex(study_table).splitlines()[:3]
    assert head[1] == "% seeds 1, 2, commit 0123456789, device cpu or mps"
    assert head[2] == "% lost leaves out: np: dropped"


def test_the_comparisons_are_of_the_first_metric(text):
    assert r"1: mae against full\_1. \textbf{" in text
    assert (
        r"w/o a \& b & mae & {[}0.550, 0.750] & $-$0.050 & {[}$-$0.100, +0.000] & 0.002 & 0.010"
        in text
    )


def test_without_comparisons_there_is_one_table(study_table):
    alone = tuple(replace(row, comparisons={}) for row in study_table.rows)
    assert to_latex(replace(study_table, rows=alone)).count(r"\begin{table}") == 1


def test_a_first_row_under_a_heading_has_no_rule_twice(study_table):
    table = replace(study_table, rows=study_table.rows[1:], baseline="")
    assert "\\midrule\n\\midrule" not in to_latex(table)
