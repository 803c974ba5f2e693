"""The calibrated numbers in documents and tables are those of the shipped plausible sets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from sim.cli import app
from sim.core import files
from sim.core.parameters import rows
from sim.stats.intervals import band
from sim.studies import odd
from sim.studies.calibrated import calibrated
from sim.studies.plausible import TENTH

HOME = files.folder("experiments") / "plausible"
ODD = Path(__file__).parents[1] / "docs" / "ODD.md"


@pytest.fixture(scope="module")
def shipped() -> tuple[pd.DataFrame, dict]:
    """The file itself, read by other means than the package's."""
    (path,) = HOME.glob("*.csv")
    record = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return pd.read_csv(path), record


def test_means_and_ranges_are_those_of_the_file(shipped: tuple[pd.DataFrame, dict]) -> None:
    frame, record = shipped
    found = calibrated()
    assert found is not None
    free = [row.name for row in rows(role="free")]
    assert list(found.numbers) == [c for c in frame.columns if c in free] == free
    for name, one in found.numbers.items():
        drawn = np.repeat(frame[name].to_numpy(), frame["weight"].astype(int))
        assert one.mean == pytest.approx(drawn.mean())
        assert one.low == pytest.approx(np.quantile(drawn, 0.05), abs=0.01 * np.ptp(drawn))
        assert one.high == pytest.approx(np.quantile(drawn, 0.95), abs=0.01 * np.ptp(drawn))
        one_rule = band(frame[name].to_numpy(), frame["weight"].to_numpy(dtype=float))
        assert (one.low, one.high) == pytest.approx(one_rule, rel=1e-12)
        assert one.narrowed == record["narrowed"][name]
    assert found.constrained_by == record["constrained_by"]


def test_narrowed_numbers_say_the_grade_of_their_targets(
    shipped: tuple[pd.DataFrame, dict],
) -> None:
    _, record = shipped
    found = calibrated()
    assert found is not None
    for one in found.numbers.values():
        assert bool(one.grades) == (one.narrowed >= TENTH)
        targets = one.targets or tuple(record["grades"])
        if one.grades:
            assert one.verdict.startswith("narrowed by")
            assert one.grades == ", ".join(sorted({record["grades"][t] for t in targets}))
        else:
            assert one.verdict == "the range was kept"


def test_odd_names_each_number_and_grade(shipped: tuple[pd.DataFrame, dict]) -> None:
    frame, record = shipped
    text = ODD.read_text(encoding="utf-8")
    table = text.split("<!-- table: calibrated -->")[1].split("<!-- end of table")[0]
    assert record["constrained_by"] in table
    for name in (row.name for row in rows(role="free")):
        (row,) = re.findall(rf"^\| `{name}` \|.*$", table, re.MULTILINE)
        cells = [cell.strip() for cell in row.split("|")[1:-1]]
        drawn = np.repeat(frame[name].to_numpy(), frame["weight"].astype(int))
        assert float(cells[3]) == pytest.approx(drawn.mean(), rel=0.01)
        assert cells[5].startswith("narrowed by") == (record["narrowed"][name] >= TENTH)


def test_without_sets_the_odd_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odd, "calibrated", lambda: None)
    assert "No plausible sets are shipped" in odd.TABLES["calibrated"]()


def test_the_table_of_parameters_shows_them() -> None:
    found = calibrated()
    assert found is not None
    ran = CliRunner().invoke(app, ["parameters", "--role", "free"], env={"COLUMNS": "300"})
    for name, one in found.numbers.items():
        (line,) = [x for x in ran.output.splitlines() if x.startswith(f"{name} ")]
        assert one.text in line
    assert found.constrained_by in " ".join(ran.stderr.split())
    rows = json.loads(CliRunner().invoke(app, ["parameters", "--json"]).stdout)
    by_name = {row["name"]: row["calibrated"] for row in rows}
    assert by_name["keeping"]["mean"] == found.numbers["keeping"].mean
    assert by_name["power_sharing"] is None


def test_a_run_over_plausible_sets_says_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sim import Runs, verify
    from sim.studies.report import report_html

    monkeypatch.chdir(tmp_path)
    found = calibrated()
    assert found is not None
    given = ["run", "classroom", "--sets", "3", "-n", "2", "--set", "keeping=0.5"]
    ran = CliRunner().invoke(app, [*given, "--out", "r", "--no-figures"])
    assert ran.exit_code == 0, ran.output
    told = " ".join(ran.stdout.split())
    assert found.constrained_by in told
    assert "luck alone" not in told
    runs = Runs.load("r")
    assert len(runs) == 6
    assert len({one["learning_rate"] for one in runs.parameter_sets}) == 3
    assert {one["keeping"] for one in runs.parameter_sets} == {0.5}
    assert verify("r").ok
    html = report_html("r")
    assert found.constrained_by in html
    assert found.numbers["learning_rate"].text in html
    assert found.numbers["learning_rate"].verdict in html
    words = ["run", "classroom", "-n", "2", "--fixed", "--out", "p", "--no-figures"]
    plain = CliRunner().invoke(app, words)
    assert found.constrained_by in " ".join(plain.stdout.split())
    refused = CliRunner().invoke(app, [*given, "--fixed", "--out", "s"])
    assert (refused.exit_code, "sets: does not go with fixed" in refused.stderr) == (2, True)
