"""The gallery: figures of the library with the lines that make them."""

from __future__ import annotations

import tempfile
from pathlib import Path

FIGURES: tuple[tuple[str, str, str], ...] = (
    ("dosage", "What is planned", """
from sim import Scenario
from sim.view import calendar_plots

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
figure = team_network(snapshots, "One run, seed 1")
"""),
    ("comparison", "Is B better than A, and how surely?", """
from sim.study.comparison import compare
from sim.view import compare_plots

figure = compare_plots.intervals(compare("source", "directive", sets=50, seed=1))
"""),
    ("effort", "What it takes", """
from sim.study.comparison import compare
from sim.view import compare_plots

figure = compare_plots.effort(compare("source", "light_touch", "phone_only", sets=20, seed=1))
"""),
    ("surface", "How often, how long, within a budget", """
from sim.study.surface import surface
from sim.view import surface_plots

found = surface("source", provider_hours=2, sets=10, replicates=2, seed=1)
figure = surface_plots.maps(found)
"""),
    ("plan", "What a budget buys", """
from sim.study.plan_file import PlanFile
from sim.study.planning import plan
from sim.study.study_file import study_of
from sim.view import plan_plots

study = study_of({
    "kind": "plan", "name": "small", "scenario": "source", "outcomes": ["integration"],
    "weeks": ["end_of_ta"], "levers": {"video.every_weeks": [2, 8], "months": [12, 24]},
    "budget": {"money": 120000}, "confirm": {"plans": 8, "sets": 20, "replicates": 2}, "seed": 1,
    "search": {"plans": 60, "population": 20, "sets": 8, "replicates": 1},
}, PlanFile)
figure = plan_plots.front(plan(study))
"""),
    ("sensitivity", "Which assumptions carry it", """
from sim.study import sensitivity_file
from sim.study.sensitivity import run_sensitivity
from sim.view import sensitivity_plots

study = sensitivity_file.from_dict({
    "kind": "sensitivity", "name": "small", "scenario": "source", "outcomes": ["integration"],
    "weeks": ["end_of_ta"], "factors": ["free"], "method": ["morris"], "samples": 32,
    "replicates": 10, "seed": 1,
})
figure = sensitivity_plots.morris_plane(run_sensitivity(study), "integration", "end_of_ta")
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
