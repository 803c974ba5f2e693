"""Weeks of a year and a month, and how sure an interval is, are said in one module only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sim.core import units

pytestmark = pytest.mark.smoke

SIM = Path(units.__file__).resolve().parents[1]
OTHERS = sorted(path for path in SIM.rglob("*.py") if path != Path(units.__file__).resolve())

YEARS = {365, 365.25, 52.0, 52.18, 30.44, 4.33, 4.345}
SCORES = {1.28, 1.2816, 1.64, 1.645, 1.96, 1.959964, 2.576}


def _numbers(tree: ast.AST) -> list[tuple[int, str]]:
    """Lines that say a length of time or a confidence in digits."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            value = node.value
            if value in SCORES or (value in YEARS and not (type(value) is int and value == 52)):
                found.append((node.lineno, f"{value}"))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Mult):
            sides = {one.value for one in (node.left, node.right) if isinstance(one, ast.Constant)}
            if sides & {52, 365, 365.25, 84}:
                found.append((node.lineno, ast.unparse(node)))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = [one.id for one in node.targets if isinstance(one, ast.Name)]
            if any(word in name for name in names for word in ("WEEKS_A_", "CONFID")):
                found.append((node.lineno, ast.unparse(node)))
        ppf = isinstance(node, ast.Attribute) and node.attr == "ppf"
        if ppf and ast.unparse(node) == "stats.norm.ppf":
            found.append((node.lineno, ast.unparse(node)))
    return found


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.relative_to(SIM).as_posix())
def test_no_other_module_has_its_own_month_or_confidence(path: Path) -> None:
    assert _numbers(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_the_search_finds_them() -> None:
    planted = "WEEKS_A_MONTH = 365.25 / 12 / 7\nhalf = 1.96 * se\nweeks = months * 52 / 12\n"
    assert {line for line, _ in _numbers(ast.parse(planted))} == {1, 2, 3}


def test_twelve_months_are_a_year_and_back() -> None:
    assert units.weeks_of(12) == units.WEEKS_A_YEAR
    for weeks in range(1, 600):
        assert units.weeks_of(units.months_of(weeks)) == weeks
    assert units.WEEKS_A_MONTH * 12 == units.WEEKS_A_YEAR
    assert [units.weeks_of(months) for months in (0, 0.1, 1, 1.5, 3)] == [1, 1, 4, 7, 13]


def test_shares_are_written_by_the_one_format_of_percent() -> None:
    """``{x:.0%}`` would call 0.999 the whole and 0.004 nothing."""
    found = [
        f"{path.relative_to(SIM).as_posix()}:{node.lineno}"
        for path in sorted(SIM.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None
        if ast.unparse(node.format_spec).endswith(("%'", '%"'))
    ]
    assert found == []
