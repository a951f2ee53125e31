"""Every case of the conformance report: equal, or listed with its reason; and the committed page says so."""

import json
from pathlib import Path

import numpy as np
import pytest
from conformance.cases import Case, at_bars, at_the_end
from conformance.judging import judge
from conformance.reasons import REASONS
from conformance.report import UNCOVERED, counts, judgements, machine_readable, page, reason

DOCS = Path(__file__).parents[2] / "docs"
ABSENT = "not in the library"


@pytest.fixture(scope="module")
def found(shared_data):
    return judgements(shared_data / "reference")


def test_cases_are_equal_or_have_a_reason(found):
    assert len(found) > 1100
    assert [(one.source, one.name, one.verdict) for one in found if not one.bars] == []
    assert {
        (one.source, one.name): one.verdict for one in found if one.verdict not in {"equal", ABSENT} and not reason(one)
    } == {}


def test_all_stock_indicators_workbooks_pass(found):
    """Those whose indicator is in the library; three recursions that begin otherwise settle."""
    workbooks = [one for one in found if one.source == "Stock.Indicators workbooks"]

    assert len(workbooks) >= 140
    assert [one.name for one in workbooks if one.kind == "differs"] == []
    settled = {one.name.partition(" ")[0] for one in workbooks if one.kind == "settles"}
    assert settled <= {"Mama", "ParabolicSar", "VolatilityStop"}


def test_values_of_whole_references_are_equal(found):
    """No reason is needed for these."""
    by_source = counts(found)

    for source in ("TA-Lib runs", "TA-Lib regression cases", "Qlib Alpha158"):
        assert by_source[source]["equal"] == by_source[source].total() > 60


def test_reasons_are_of_cases_that_there_are(found):
    assert set(REASONS) - {(one.source, one.name) for one in found} == set()
    assert {(one.source, one.name) for one in found if one.verdict == "equal"} & set(REASONS) == set()
    assert set(UNCOVERED) <= {one.source for one in found}


def test_the_committed_report_says_what_a_run_says(found):
    """`make conformance` writes it again. How wide a difference is, and when it has settled, depend on the machine."""
    written = json.loads((DOCS / "conformance.json").read_text(encoding="utf-8"))
    now = machine_readable(found)

    assert written["counts"] == now["counts"]
    assert [lasting(case) for case in written["cases"]] == [lasting(case) for case in now["cases"]]
    summary = page(found).partition("\n## ")[0]
    assert (DOCS / "conformance.md").read_text(encoding="utf-8").partition("\n## ")[0] == summary


def lasting(case):
    """What no machine's rounding changes."""
    kept = {name: case[name] for name in ("reference", "grade", "case", "formula", "reason")}
    return kept | {"verdict": case["verdict"].partition(" after")[0]}


def test_readme_has_the_count(found):
    total = counts(found)
    equal = sum(count["equal"] for count in total.values())
    settled = sum(count["settles"] for count in total.values())

    said = f"{equal:,} of {len(found):,} outputs are equal and {settled} settle"
    assert said in " ".join((DOCS.parent / "README.md").read_text(encoding="utf-8").split())


CLOSE = [float(n) for n in range(1, 21)]


def case(expected, **settings):
    return Case("a book", "a case", "M", "close", {"close": CLOSE}, expected, **settings)


def test_a_value_that_is_off_differs():
    expected = np.array(CLOSE)
    assert judge(case(expected)).verdict == "equal"

    expected[19] += 0.06
    assert judge(case(expected)).verdict == "differs"
    assert judge(case(expected, decimals=1)).verdict == "differs"
    assert judge(case(expected, digits=2)).verdict == "equal"
    assert judge(case(expected, within=0.07)).verdict == "equal"
    assert judge(case(expected)).widest == pytest.approx(0.06 / 20.06)


def test_a_value_that_is_off_early_settles():
    expected = np.array(CLOSE)
    expected[3] = 0.0
    assert judge(case(expected)).verdict == "equal after 4 bars"


def test_an_undefined_value_differs_where_the_reference_has_one():
    expected = at_the_end([19.0, 20.0], 20)
    late = Case("a book", "a case", "M", "close[19]", {"close": CLOSE}, expected)

    assert judge(case(expected)).verdict == "equal"
    assert judge(case(expected)).bars == 2
    assert judge(late).verdict == "differs"


def test_a_reference_that_draws_back_is_compared_with_what_is_known_later():
    assert judge(case(at_bars({0: 3.0, 17: 20.0}, 20), late=2)).verdict == "equal"


def test_only_an_unknown_function_is_not_in_the_library():
    absent = Case("a book", "a case", "M", "no_such_function(close)", {"close": CLOSE}, np.array(CLOSE))
    assert judge(absent).verdict == ABSENT

    with pytest.raises(Exception, match="unknown name"):
        judge(Case("a book", "a case", "M", "no_such_column", {"close": CLOSE}, np.array(CLOSE)))
