"""The gallery: figures of the library with the lines that make them."""

from __future__ import annotations

import tempfile
from pathlib import Path

FIGURES: tuple[tuple[str, str, str], ...] = (
    ("dosage", "What is planned", """
from sim import Scenario
from sim.present import calendar_plots

figure = calendar_plots.dosage_timeline(Scenario.shipped("intensive_start"))
"""),
    ("trajectories", "With assistance and without", """
from sim import run

figure = run("source", replicates=200, seed=1, fixed=True).figure("trajectories").draw()
"""),
    ("regions", "Region by region", """
from sim import run

figure = run("source", replicates=200, seed=1, fixed=True).figure("regions").draw()
"""),
    ("commitments", "Promises made, kept, broken", """
from sim import run

figure = run("source", replicates=200, seed=1, fixed=True).figure("commitments").draw()
"""),
    ("team", "One team, three moments", """
from sim import Scenario
from sim.studies.run import team
from sim.studies.run.team_plot import team_network

snapshots = team.take_snapshots(Scenario.shipped("graphml_team"), seed=1)
figure = team_network(*snapshots, "One run, seed 1")
"""),
    ("comparison", "Is B better than A, and how surely?", """
from sim import compare

figure = compare("source", "directive", sets=50, seed=1).figure("intervals").draw()
"""),
    ("effort", "What it takes", """
from sim import compare

figure = compare("source", "light_touch", "phone_only", sets=20, seed=1).figure("effort").draw()
"""),
    ("surface", "How often, how long, within a budget", """
from sim import surface

found = surface("source", provider_hours=2, sets=10, replicates=2, seed=1)
figure = found.figure("maps").draw()
"""),
    ("plan", "What a budget buys", """
from sim.studies.plan import plan

found = plan({
    "scenario": "source", "levers": {"video.every_weeks": [2, 8], "months": [12, 24]},
    "budget": {"money": 120000}, "confirm": {"plans": 8, "sets": 20, "replicates": 2},
    "search": {"plans": 60, "population": 20, "sets": 8, "replicates": 1},
})
figure = found.figures[0].draw()
"""),
    ("sensitivity", "Which assumptions carry it", """
from sim import ask
from sim.studies.kind import StudyKind

study = StudyKind.of("sensitivity").make(
    name="small", scenario="source", outcomes=["integration"], weeks=["end_of_ta"],
    factors=["free"], method="morris", samples=32, replicates=10, seed=1,
)
figure = ask(study).figure("morris-plane-integration-end_of_ta").draw()
"""),
)  # fmt: skip
"""File name, heading, code that leaves a ``figure``."""


def page() -> str:
    """The page, with the figures as ``gallery/NAME.png``."""
    parts = ["# Gallery", "Figures made by the lines beside them. What if, not forecast."]
    for name, heading, code in FIGURES:
        parts.append(f"## {heading}\n\n![{heading}](gallery/{name}.png)\n\n```python{code}```")
    return "\n\n".join(parts) + "\n"


def drawn(name: str) -> bytes:
    """The PNG of one figure."""
    code = next(code for one, _, code in FIGURES if one == name)
    names: dict[str, object] = {}
    exec(compile(code, f"gallery {name}", "exec"), names)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figure.png"
        names["figure"].savefig(path, metadata={"Software": None})  # type: ignore[attr-defined]
        return path.read_bytes()
