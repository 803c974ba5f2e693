"""``codose sensitivity`` as people use it: results, messages, exit codes, resuming."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from sim.cli import app

TINY = (
    "kind: sensitivity\nname: tiny\nscenario: classroom\noutcomes: [knowledge]\nweeks: [13]\n"
    "factors: [learning_rate, trust_step]\nsamples: 16\nreplicates: 3\nseed: 0\n"
)


class Ran:
    """What a command did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


def codose(*words: str | Path) -> Ran:
    done = CliRunner().invoke(app, [str(word) for word in words], prog_name="codose")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ran(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


def test_a_study_end_to_end(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = codose("sensitivity", tiny, "--out", out)
    assert ran.code == 0
    assert "What carries knowledge in week 13, in order (Sobol indices, ST):" in ran.out
    assert "What if, not" in ran.out
    assert "240 runs" in ran.err
    assert "Time in seconds: sample" in ran.err
    spent = json.loads((out / "timing.json").read_text())["seconds"]
    assert list(spent) == ["sample", "runs", "store", "analysis", "results", "figures"]
    assert all(part >= 0 for part in spent.values())
    assert spent["runs"] > 0
    for name in ("indices.csv", "indices.parquet", "convergence.csv", "noise.csv", "points.parquet",
                 "runs.parquet", "responses.csv", "result.txt", "manifest.json", "timing.json",
                 "figures/sobol-bars.png"):  # fmt: skip
        assert (out / name).is_file(), name
    runs = pd.read_parquet(out / "runs.parquet")
    assert len(runs) == 16 * 5 * 3
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["kind"] == "sensitivity"
    assert manifest["seed"] == 0
    assert not (tmp_path / "out.parts").exists()
    again = codose("sensitivity", tiny, "--out", out)
    assert again.code == 2
    assert "the folder is not empty; nothing was run" in again.err
    assert codose("sensitivity", tiny, "--out", out, "--force", "--no-figures", "-q").code == 0


def test_json_is_json_and_nothing_else(tiny: Path, tmp_path: Path) -> None:
    ran = codose("sensitivity", tiny, "--out", tmp_path / "o", "--json", "-q", "--no-figures")
    found = json.loads(ran.out)
    assert found["runs"] == 240
    assert {row["factor"] for row in found["indices"]} == {"learning_rate", "trust_step", "dummy"}


def test_options_change_the_study(tiny: Path, tmp_path: Path) -> None:
    ran = codose(
        "sensitivity", tiny, "--samples", "32", "-n", "4", "--seed", "7", "--json", "-q",
        "--no-figures", "--out", tmp_path / "o",
    )  # fmt: skip
    found = json.loads(ran.out)
    assert (found["runs"], found["seed"]) == (32 * 5 * 4, 7)


def test_ranges_that_calibration_leaves(tiny: Path, tmp_path: Path) -> None:
    words = ("sensitivity", tiny, "--no-figures", "-q", "--ranges")
    ran = codose(*words, "plausible", "--out", tmp_path / "o")
    assert ran.code == 0
    assert "as each of them does in the sets" in ran.out
    manifest = json.loads((tmp_path / "o" / "manifest.json").read_text())
    assert manifest["command"].endswith("--ranges plausible")
    kinds = {row["name"]: row["kind"] for row in manifest["factors"]}
    assert set(kinds) == {"learning_rate", "trust_step", "dummy"}
    assert codose(*words, "posterior", "--out", tmp_path / "p").code == 2


def test_what_was_interrupted_is_not_begun_anew_by_mistake(tiny: Path, tmp_path: Path) -> None:
    parts = tmp_path / "o.parts"
    parts.mkdir()
    (parts / "left").write_text("x")
    ran = codose("sensitivity", tiny, "--out", tmp_path / "o")
    assert ran.code == 2
    assert "holds the runs of an interrupted study; nothing was run; allowed: --resume" in ran.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("samples: 16", "samples: 20"), ":7:10: samples: 20 is no power of two"),
        (("[knowledge]", "[knowlege]"), "did you mean 'knowledge'?"),
        (("[learning_rate", "[learning_rat"), "did you mean 'learning_rate'"),
        (("[learning_rate, trust_step]", "[trust_step]"), "one factor only (trust_step)"),
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
    assert ran.code == 2
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "o").exists()


def results(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("timing.json", "manifest.json")
    }


KINDS = {
    "grid": ("", ""),
    "fresh luck": ("trust_step]", "trust_step]\nrandom_numbers: fresh"),
    "levers": (
        "[learning_rate, trust_step]",
        "{learning_rate: table, staff: {integer: [4, 7]}, network: {choices: [ring, hub]}}",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_joined_shards_give_the_same_bytes(tiny: Path, tmp_path: Path, kind: str) -> None:
    tiny.write_text(TINY.replace(*KINDS[kind]))
    words = ("sensitivity", tiny, "-q", *(() if kind == "grid" else ("--no-figures",)))
    for number in (1, 2):
        out = tmp_path / f"shard-{number}"
        assert codose(*words, "--shard", f"{number}/2", "--out", out).code == 0
    joined, whole = tmp_path / "joined", tmp_path / "whole"
    shards = (tmp_path / "shard-1", tmp_path / "shard-2")
    assert codose("merge", *shards, "--out", joined, "-q").code == 0
    assert codose(*words, "--resume", "--out", joined).code == 0
    assert codose(*words, "--out", whole).code == 0
    assert results(joined) == results(whole)


def test_a_cluster_gives_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    from test_cluster import Cluster

    made = Cluster(tmp_path)
    try:
        made.add_worker()
        for kind, change in KINDS.items():
            tiny.write_text(TINY.replace(*change))
            words = ("sensitivity", tiny, "-q", "--no-figures")
            there, here = tmp_path / f"there {kind}", tmp_path / f"here {kind}"
            assert codose(*words, "--cluster", made.address, "--out", there).code == 0
            assert codose(*words, "--out", here).code == 0
            assert results(there) == results(here), kind
    finally:
        made.stop()


def test_unknown_study() -> None:
    ran = codose("sensitivity", "sobl")
    assert ran.code == 2
    assert "did you mean 'sobol'?" in ran.err
