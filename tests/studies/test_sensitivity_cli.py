"""``codose sensitivity`` as people use it: options, messages, the time limit, shards, a cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from sim.runs.folder import TIMING
from sim.studies.result import load
from tests.cases import codose

TINY = (
    "kind: sensitivity\nname: tiny\nscenario: classroom\noutcomes: [knowledge]\nweeks: [13]\n"
    "factors: [learning_rate, trust_step]\nsamples: 16\nreplicates: 3\nseed: 0\n"
)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


def test_a_study_end_to_end(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = codose("sensitivity", tiny, "--out", out)
    assert ran.exit_code == 0
    said = " ".join(ran.stdout.split())
    assert (
        "These factors drive knowledge in week 13, the largest first (Sobol indices, ST):" in said
    )
    assert "80 design points, 3 replicates each, the same for all points: 240 runs" in said
    assert "The runs take about " in ran.stderr
    for name in ("indices.csv", "indices.parquet", "convergence.csv", "noise.csv", "points.parquet",
                 "runs.parquet", "responses.csv", "factors.csv",
                 "figures/sobol-bars.png"):  # fmt: skip
        assert (out / name).is_file(), name
    assert len(pd.read_parquet(out / "runs.parquet")) == 16 * 5 * 3


def test_options_change_the_study(tiny: Path, tmp_path: Path) -> None:
    ran = codose(
        "sensitivity", tiny, "--samples", "32", "-n", "4", "--seed", "7", "--json", "-q",
        "--no-figures", "--out", tmp_path / "o",
    )  # fmt: skip
    found = json.loads(ran.stdout)
    assert (found["runs"], found["seed"]) == (32 * 5 * 4, 7)
    factors = {row["factor"] for row in found["tables"]["indices"]}
    assert factors == {"learning_rate", "trust_step", "dummy"}


def test_ranges_that_calibration_leaves(tiny: Path, tmp_path: Path) -> None:
    words = ("sensitivity", tiny, "--no-figures", "-q", "--ranges")
    ran = codose(*words, "plausible", "--out", tmp_path / "o")
    assert ran.exit_code == 0
    assert "as each of them does in the sets" in " ".join(ran.stdout.split())
    found = load(tmp_path / "o")
    assert found.command.endswith("--ranges plausible")
    factors = found.table("factors").set_index("name")
    assert list(factors.index) == ["learning_rate", "trust_step", "dummy"]
    assert factors.loc["learning_rate", "distribution"].startswith("calibrated, 5 / 50 / 95 %")
    ran = codose(*words, "posterior", "--out", tmp_path / "p")
    assert ran.exit_code == 2
    assert "--ranges" in ran.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("samples: 16", "samples: 20"), ":7:10: samples: 20 is not a power of two"),
        (("[knowledge]", "[knowlege]"), "did you mean 'knowledge'?"),
        (("[learning_rate", "[learning_rat"), "did you mean 'learning_rate'"),
        (("[learning_rate, trust_step]", "[trust_step]"), "trust_step is the only factor"),
        (
            ("[learning_rate, trust_step]", "{learning_rate: {uniform: [0.4, 0.2]}}"),
            "the bounds are reversed",
        ),
        (("samples: 16", "samples: 16\ntime_limit_minutes: 0.000001"), "what would fit"),
        (("kind: sensitivity", "kind: sense"), "kind: 'sense' is not a kind of study"),
    ],
)  # fmt: skip
def test_bad_input_is_one_message_and_exit_code_2(
    tiny: Path, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    tiny.write_text(TINY.replace(*change))
    ran = codose("sensitivity", tiny, "--out", tmp_path / "o")
    assert ran.exit_code == 2
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "o").exists()


def results(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != TIMING
    }


KINDS = {
    "grid": ("", ""),
    "fresh luck": ("trust_step]", "trust_step]\nrandom_numbers: fresh"),
    "levers": (
        "[learning_rate, trust_step]",
        "{learning_rate: table, staff: {integer: [4, 7]}, network: {choices: [ring, hub]}}",
    ),
}


# The shards of a grid are joined by the next test too, which goes on from there.
@pytest.mark.parametrize(
    "kind", [pytest.param("grid", marks=pytest.mark.slow), "fresh luck", "levers"]
)
def test_joined_shards_give_the_same_bytes(tiny: Path, tmp_path: Path, kind: str) -> None:
    tiny.write_text(TINY.replace(*KINDS[kind]))
    words = ("sensitivity", tiny, "-q", "--no-figures")
    shards = [tmp_path / f"shard-{number}" for number in (1, 2)]
    for number, out in enumerate(shards, start=1):
        assert codose(*words, "--shard", f"{number}/2", "--out", out).exit_code == 0
    joined, whole = tmp_path / "joined", tmp_path / "whole"
    assert codose("merge", *shards, "--out", joined, "-q", "--no-figures").exit_code == 0
    assert codose(*words, "--out", whole).exit_code == 0
    assert results(joined) == results(whole)


def test_the_stop_rule_goes_on_after_a_merge(tiny: Path, tmp_path: Path) -> None:
    """Shards are of the first plan; what the stop rule adds is run where they are joined."""
    tiny.write_text(TINY + "tolerance: 0.0001\nstop: {budget_runs: 480}\n")
    words = ("sensitivity", tiny, "-q", "--no-figures")
    shards = [tmp_path / f"shard-{number}" for number in (1, 2)]
    for number, out in enumerate(shards, start=1):
        assert codose(*words, "--shard", f"{number}/2", "--out", out).exit_code == 0
    joined, whole = tmp_path / "joined", tmp_path / "whole"
    assert codose("merge", *shards, "--out", joined, "-q", "--no-figures").exit_code == 0
    assert codose(*words, "--out", whole).exit_code == 0
    assert results(joined) == results(whole)
    assert load(whole).runs == 480


@pytest.mark.slow  # tests/test_cluster.py starts one in the default suite
def test_a_cluster_gives_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    from tests.test_cluster import Cluster

    made = Cluster(tmp_path)
    try:
        made.add_worker()
        for kind, change in KINDS.items():
            tiny.write_text(TINY.replace(*change))
            words = ("sensitivity", tiny, "-q", "--no-figures")
            there, here = tmp_path / f"there {kind}", tmp_path / f"here {kind}"
            assert codose(*words, "--cluster", made.address, "--out", there).exit_code == 0
            assert codose(*words, "--out", here).exit_code == 0
            assert results(there) == results(here), kind
    finally:
        made.stop()


def test_unknown_study() -> None:
    ran = codose("sensitivity", "sobl")
    assert ran.exit_code == 2
    assert "did you mean 'sobol'?" in ran.stderr
