"""docs/coverage.md says what is so: every formula on it can be checked, and what is not said has a reason."""

import pytest
from oracles import covering


@pytest.mark.parametrize("file", ["functions.txt", "scans.txt"])
def test_what_says_a_function_is_a_formula(file):
    told = covering.listed(file)
    formulas = {said.text for said in told.values() if said.mark == "="}

    assert len(formulas) > 80
    for formula in formulas:
        covering.LANGUAGE.check(formula, covering.KINDS, tables=covering.TABLES)


def test_what_is_not_said_has_a_reason(shared_data):
    every = [said for *_, said in [*covering.functions(), *covering.scans()]]

    assert [said for said in every if said.mark == "!" and len(said.text) < 10] == []


def test_the_page_is_printed_anew(shared_data):
    """`python tests/oracles/covering.py` brings it up to date."""
    assert covering.PAGE.read_text(encoding="utf-8") == covering.page()
