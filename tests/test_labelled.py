"""Runs and tables as datasets of xarray: the same numbers, labelled, through NetCDF and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim import compare, run, surface
from sim.core.errors import InputError
from sim.core.outcomes import OUTCOMES
from sim.present.labelled import table_dataset
from sim.present.table import Table

LITTLE: dict[str, Any] = {"sets": 3, "replicates": 2}
DIMENSIONS = ("scenario", "set", "replicate", "arm", "region", "week")


@pytest.fixture(scope="module")
def xarray() -> Any:
    return pytest.importorskip("xarray")


@pytest.mark.parametrize("weekly", [True, False])
def test_every_value_is_where_its_labels_say(xarray: Any, weekly: bool) -> None:
    runs = run("source", keep_runs=weekly, **LITTLE)
    found = runs.to_xarray()
    assert found["trust"].dims == DIMENSIONS
    assert [found.sizes[name] for name in DIMENSIONS] == [1, 3, 2, 2, 4, 157 if weekly else 3]
    frame = runs.runs()
    frame = frame[(frame["point"] == "end_of_ta") & frame["outcome"].isin(["trust", "knowledge"])]
    for row in frame.to_dict("records"):
        at = found[row["outcome"]].sel(set=row["set"], region=row["region"], week=104)
        at = at.where(at["stream"] == row["replicate"]).max("replicate").squeeze()
        assert at.sel(arm="with_ta").item() == row["value"]
        assert at.sel(arm="without_ta").item() == row["no_ta"]
    for name, one in OUTCOMES.items():
        assert found[name].attrs["units"] == one.unit
    steps = [one.trust_step for one in runs.parameter_sets]
    assert found["trust_step"].values.tolist() == [steps]
    assert found["point"].sel(week=104).item() == "end_of_ta"


def test_netcdf_gives_it_back(xarray: Any, tmp_path: Path) -> None:
    found = run(["source", "classroom"], **LITTLE).to_xarray()
    found.to_netcdf(tmp_path / "runs.nc")
    with xarray.open_dataset(tmp_path / "runs.nc") as again:
        xarray.testing.assert_equal(again.load(), found)
        assert again["cost"].attrs == found["cost"].attrs


def test_scenarios_side_by_side(xarray: Any) -> None:
    runs = run({"a": "classroom", "b": "source"}, **LITTLE)
    found = runs.to_xarray()
    assert found["scenario"].values.tolist() == ["a", "b"]
    for name, one in runs.items():
        own, part = one.to_xarray()["integration"], found["integration"].sel(scenario=name)
        part = part.sel(region=own["region"], week=own["week"])
        assert np.array_equal(part.values, own.values[0], equal_nan=True)
    assert found["trust"].sel(scenario="a", week=156).isnull().all()


def test_tables_by_what_tells_their_rows_apart(xarray: Any, tmp_path: Path) -> None:
    result = compare("source", "light_touch", **LITTLE)
    weeks = result.to_xarray("weeks")
    assert weeks["mean"].dims == ("kind", "scenario", "week", "outcome")
    frame = result.table("weeks")
    row = frame[(frame["kind"] == "level") & (frame["week"] == 9)].iloc[-1]
    at = weeks["mean"].sel({key: row[key] for key in weeks["mean"].dims})
    assert at.item() == row["mean"]
    grid = surface("classroom", every_weeks=[4, 8], hours=[1, 2], **LITTLE)
    assert grid.to_xarray("surface")["mean"].dims == ("cell", "outcome")
    grid.to_xarray("surface").to_netcdf(tmp_path / "grid.nc")
    maps = grid.to_xarray("maps")
    assert maps.sizes["row"] == len(grid.table("maps")), "only a measured number tells these apart"
    assert maps.sel(row=0)["outcome"].item() == grid.table("maps")["outcome"].iloc[0]
    with pytest.raises(InputError, match="did you mean 'weeks'"):
        result.to_xarray("week")


@pytest.mark.parametrize("values", [[], [0.5]])
def test_a_table_of_no_or_one_row(xarray: Any, values: list[float]) -> None:
    frame = pd.DataFrame(
        {"share": np.array(values), "who": pd.Series(["us"] * len(values), dtype=str)}
    )
    found = table_dataset(Table("little", frame))
    assert dict(found.sizes) == {"row": len(values)}
    assert found["share"].values.tolist() == values


def test_a_table_whose_rows_one_column_tells_apart(xarray: Any) -> None:
    runs = run("classroom", **LITTLE)
    frame, found = runs.table("costs"), runs.result.to_xarray("costs")
    assert found["mean"].dims == ("item",)
    assert found["item"].values.tolist() == frame["item"].tolist()
    assert found["mean"].values.tolist() == frame["mean"].tolist()
    assert found["unit"].values.tolist() == frame["unit"].tolist()


def test_without_the_library_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(InputError, match=r"pip install 'codose\[xarray\]'"):
        run("classroom", **LITTLE).to_xarray()
