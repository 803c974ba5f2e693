"""Every result that is shipped, made anew: sets, tables and figures.

    make results                     all of them, each after what it needs (half an hour)
    make results ONLY="sobol pawn"   some of them

After a change of the model or of findings, make all; after a change of a study, that one. Studies
stay in ``results/shipped/``; what is kept is copied to ``experiments/plausible``,
``experiments/results`` and ``experiments/figures``, and the first picture of the README to
``docs/images``. ``results/made.json`` says with which model and which sets each was made, and a
test compares that with the model and the sets that are shipped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from sim.core.units import MODEL_VERSION
from sim.studies.sensitivity.methods import METHODS

ROOT = Path(__file__).resolve().parents[2]
KEPT, SETS, FIGURES = (ROOT / "experiments" / name for name in ("results", "plausible", "figures"))
MADE = KEPT / "made.json"
WITHOUT_TRIALS = SETS / "without_trials" / "without_trials.csv"


@dataclass(frozen=True)
class Made:
    """A shipped result.

    Attributes:
        command: of codose, without ``--out``.
        sets: the plausible sets that it rests on; None: it draws from ranges, or makes the sets.
        keep: what is kept of its folder: where it goes, from a file's name.
        indices: whether the main indices of a sensitivity study are kept, as NAME.csv.
    """

    command: str
    sets: Path | None = None
    keep: dict[str, Path] = field(default_factory=dict)
    indices: bool = False


def _calibration(command: str, home: Path, name: str, *tables: str) -> Made:
    sets = {f"plausible.{suffix}": home / f"{name}.{suffix}" for suffix in ("csv", "json")}
    return Made(command, keep=sets | {f"{t}.csv": KEPT / f"calibrate_{t}.csv" for t in tables})


def _sensitivity(command: str, figures: dict[str, str], sets: Path | None = None) -> Made:
    pictures = {f"figures/{name}.png": FIGURES / f"{to}.png" for name, to in figures.items()}
    return Made(f"sensitivity {command}", sets, pictures, indices=True)


def _ladder(name: str) -> Made:
    picture = FIGURES / f"{name.replace('_', '-')}.png"
    return Made(
        f"ladder {name}", keep={"ladder.csv": KEPT / f"{name}.csv", "figures/ladder.png": picture}
    )


INTEGRATION, TRUST = "integration-end_of_ta", "trust-end_of_ta"


DEFAULT = SETS / "default.csv"
RESULTS: dict[str, Made] = {
    "calibrate": _calibration(
        "calibrate calibrate --truths 1000", SETS, "default",
        "predictive", "narrowed", "left_out", "double_use", "defaults", "coverage",
    ),
    "calibrate_without_trials": _calibration(
        "calibrate calibrate_without_trials", WITHOUT_TRIALS.parent, WITHOUT_TRIALS.stem
    ),
    "screen": _sensitivity(
        "screen", {"morris-bars": "screen-morris", f"morris-plane-{INTEGRATION}": "screen-plane"}
    ),
    "sobol": _sensitivity("sobol", {
        "sobol-bars": "sobol-total", f"sobol-convergence-{TRUST}": "sobol-convergence",
        f"responses-{INTEGRATION}": "sobol-responses",
    }),
    "sobol_plausible": _sensitivity("sobol --ranges plausible", {}, DEFAULT),
    "interactions": _sensitivity("interactions", {f"sobol-pairs-{TRUST}": "interactions-trust"}),
    "pawn": _sensitivity(
        "pawn", {"pawn-bars": "pawn", f"pawn-convergence-{TRUST}": "pawn-convergence"}
    ),
    "over_time": _sensitivity("over_time", {
        f"sobol-over-time-{name}": f"over-time-{name}" for name in ("integration", "trust")
    }),
    "dosage_levers": _sensitivity("dosage_levers", {
        "sobol-bars": "dosage-levers", f"responses-{INTEGRATION}": "dosage-levers-responses",
    }),
    "cocreation_ladder": _ladder("cocreation_ladder"),
    "functions_ladder": _ladder("functions_ladder"),
    "trials": Made("trials trials", WITHOUT_TRIALS, {
        f"{table}.csv": KEPT / f"trials_{table}.csv" for table in ("scores", "mapping", "doses")
    }),
    "patterns": Made("patterns patterns", DEFAULT, {"patterns.csv": KEPT / "patterns.csv"}),
    "source": Made("run source", DEFAULT, {
        "figures/trajectories.png": ROOT / "docs" / "images" / "source_trajectories.png",
    }),
}  # fmt: skip


def main() -> int:
    """Make what is asked for; the exit code."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(RESULTS)}, bands")
    ask.add_argument("--keep", action="store_true", help="keep what results/shipped holds already")
    asked = ask.parse_args()
    names = asked.names or [*RESULTS, "bands"]
    if wrong := [name for name in names if name not in (*RESULTS, "bands")]:
        sys.stderr.write(f"No result is called {wrong[0]}: {', '.join(RESULTS)}, bands.\n")
        return 2
    for name in names:
        sys.stderr.write(f"{name} ...\n")
        if name == "bands":
            if not asked.keep:
                subprocess.run(
                    [sys.executable, str(Path(__file__).with_name("bands.py"))], check=True
                )
            note(name, DEFAULT)
            continue
        folder = ROOT / "results" / "shipped" / name
        if not asked.keep:
            _run(RESULTS[name].command, folder)
        _keep(name, folder)
    return 0


def _run(command: str, folder: Path) -> None:
    words = [*command.split(), "--out", str(folder), "--force", "--csv", "--quiet"]
    code = "import sys; from sim.cli import main; sys.argv[0] = 'codose'; main()"
    subprocess.run(
        [sys.executable, "-c", code, *words], check=True, cwd=ROOT, stdout=subprocess.DEVNULL
    )


def _keep(name: str, folder: Path) -> None:
    made = RESULTS[name]
    for file, place in made.keep.items():
        shutil.copyfile(folder / file, place)
    pictures = [str(place) for place in made.keep.values() if place.suffix == ".png"]
    subprocess.run([sys.executable, ROOT / "docs" / "make" / "pictures.py", *pictures], check=True)
    if made.indices:
        indices(folder).to_csv(KEPT / f"{name}.csv", index=False)
    note(name, made.sets)


def indices(folder: Path) -> pd.DataFrame:
    """The index that ranks factors, of each method of a study, in six digits."""
    frame = pd.read_csv(folder / "indices.csv", keep_default_na=False)
    main_ones = frame[
        [METHODS[m].main == i for m, i in zip(frame["method"], frame["index"], strict=True)]
    ]
    columns = ["method", "outcome", "week", "index", "factor", "naive", "value", "low", "high",
               "converged"]  # fmt: skip
    return main_ones[columns].map(lambda x: float(f"{x:.6g}") if isinstance(x, float) else x)


def note(name: str, sets: Path | None) -> None:
    """Write down with which model and which sets a result was made."""
    known = json.loads(MADE.read_text(encoding="utf-8")) if MADE.is_file() else {}
    known[name] = {"model_version": MODEL_VERSION, **({"sets": digest(sets)} if sets else {})}
    MADE.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n", encoding="utf-8")


def digest(sets: Path) -> str:
    """SHA-256 (hex) of a file of plausible sets."""
    return hashlib.sha256(sets.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
