"""Mesa's own page (SolaraViz) of a small region, for those who know Mesa: ``codose serve --mesa``.

Solara runs this file for every visitor. The model is made inside the component, so each visitor has
a model of their own; made at the top of the file, all would share one.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from sim.model import CoCreationModel
from sim.scenario import Scenario
from sim.web.story import small

OUTCOMES = ("trust", "mutual_accountability", "knowledge", "integration")


class SmallRegion(CoCreationModel):
    """One region of the classroom case, with what SolaraViz can move as arguments."""

    def __init__(self, co_creation: float = 0.6, staff: int = 8, seed: int = 1) -> None:
        plan = Scenario.shipped("classroom")
        super().__init__(small(plan, co_creation, staff, seed))

    @property
    def running(self) -> bool:
        """SolaraViz stops here."""
        return self.week < self.horizon

    @running.setter
    def running(self, value: bool) -> None:
        """Mesa sets it; the horizon decides."""


PARAMETERS: dict[str, Any] = {
    "co_creation": {"type": "SliderFloat", "value": 0.6, "label": "Co-creation", "min": 0.0,
                    "max": 1.0, "step": 0.05},
    "staff": {"type": "SliderInt", "value": 8, "label": "Staff", "min": 2, "max": 16, "step": 1},
    "seed": {"type": "InputText", "value": 1, "label": "Seed"},
}  # fmt: skip


def component() -> Any:
    """The component of the page. Solara is imported here, as the extra may not be installed."""
    import solara  # pyright: ignore[reportMissingImports]
    from mesa.visualization import SolaraViz, make_plot_component

    @solara.component
    def page() -> None:
        model = solara.use_memo(SmallRegion, [])
        SolaraViz(
            model,
            components=[make_plot_component(name) for name in OUTCOMES],
            model_params=PARAMETERS,
            name="codose: a small region. What if, not forecast.",
        )

    return page


if find_spec("solara") is not None:
    Page = component()
