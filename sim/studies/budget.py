"""Budget: a limit on money or provider hours, with its payer and period.

>>> budget = Budget(money=300000, per="year", of="centre")
>>> budget.limit, budget.unit
(300000.0, 'money of the centre a year')
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from sim.scenario.checking import Issue, Number, Strict

if TYPE_CHECKING:
    from sim.model.dosage import Planned, Resources

PER = {"total": "in total", "year": "a year", "week": "a week"}
OF = {"centre": "of the centre", "regions": "of the regions", "both": "of centre and regions"}


class Budget(Strict):
    """What may be spent; exactly one of the first four."""

    money: Annotated[float, Number(0)] | None = None
    """Money, at the scenario's prices."""
    provider_hours: Annotated[float, Number(0)] | None = None
    """Provider hours: contact, preparation, travel; of all providers together."""
    money_a_week: Annotated[float, Number(0)] | None = None
    """The same as money with per: week."""
    provider_hours_a_week: Annotated[float, Number(0)] | None = None
    """The same as provider_hours with per: week."""
    per: Literal["total", "year", "week"] | None = None
    """total (when left out), year (of 52 weeks; no year of the plan takes more) or week (on
    average from the first week of the plan to the end of TA)."""
    of: Literal["centre", "regions", "both"] | None = None
    """Whose money: of the centre (provider hours and travel), of the regions (staff hours), or both
    (when left out)."""

    @property
    def measure(self) -> str:
        """The one of :data:`MEASURES` that is given; ``money`` when there is none."""
        return next((name for name in MEASURES if getattr(self, name) is not None), "money")

    @property
    def limit(self) -> float | None:
        """The amount of the budget; None: as much as the levers allow."""
        return getattr(self, self.measure)

    @property
    def period(self) -> str:
        """The period: total, year or week."""
        return "week" if self.measure.endswith("_a_week") else self.per or "total"

    def spend(self, planned: Planned) -> float:
        """The spend of a plan that the budget limits: the highest spend of any period."""
        return max(self.spends(planned), default=0.0)

    def spends(self, planned: Planned) -> list[float]:
        """The spend of a plan in every period of the budget."""
        if self.period == "year":
            return [self._counted(year) for year in planned.years]
        total = self._counted(planned.total)
        return [total / max(1, planned.weeks) if self.period == "week" else total]

    def _counted(self, resources: Resources) -> float:
        if self.measure.startswith("provider_hours"):
            return resources.provider_hours
        return {
            "centre": resources.centre, "regions": resources.regions, "both": resources.money,
        }[self.of or "both"]  # fmt: skip

    @property
    def text(self) -> str:
        """The budget in words."""
        if self.limit is None:
            return "no budget given"
        return f"{self.limit:,.10g} {self.unit}"

    @property
    def unit(self) -> str:
        """The unit in words: what is counted, and who pays."""
        what = self.measure.removesuffix("_a_week").replace("_", " ")
        whose = f" {OF[self.of or 'both']}" if what == "money" else ""
        return f"{what}{whose} {PER[self.period]}"


MEASURES = ("money", "provider_hours", "money_a_week", "provider_hours_a_week")
"""The fields of which one gives the amount of a budget."""


def budget_issues(budget: Budget) -> Iterable[Issue]:
    """Mistakes between the fields of a budget."""
    given = [name for name in MEASURES if getattr(budget, name) is not None]
    if len(given) > 1:
        yield Issue(("budget",), f"gives {' and '.join(given)}", allowed="one of them")
    if not given and budget.model_fields_set:
        yield Issue(
            ("budget",), "gives no amount", allowed="{money: 300000, per: year, of: centre}"
        )
    if budget.per is not None and budget.measure.endswith("_a_week"):
        name = budget.measure.removesuffix("_a_week")
        yield Issue(
            ("budget", "per"),
            f"goes with {name}; {budget.measure} is a week's already",
            budget.per,
            f"{{{name}: ..., per: {budget.per}}}",
        )
    if budget.of is not None and budget.measure.startswith("provider_hours"):
        yield Issue(("budget", "of"), "goes with money; provider hours are the centre's", budget.of)
