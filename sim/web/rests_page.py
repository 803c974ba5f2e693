"""What it all rests on: every parameter with unit, range, source and grade; sliders for the free
ones; what was calibrated, what is assumed, what the model cannot say."""

from __future__ import annotations

import json
from collections import Counter

from sim.errors import InputError
from sim.parameters import TABLE, Parameter, rows
from sim.study.plausible import plausible_sets
from sim.web.address import Plan, parse, query, shipped
from sim.web.desk import Desk
from sim.web.parts import Choice, Lever, Problems, Tag, button, frame, island, link_views, text
from sim.web.session import Session

GRADES = {
    "A": "the same setting or group of people", "B": "the same class of intervention elsewhere",
    "C": "a laboratory or a distant analogue", "assumption": "nobody measured it",
    "definition": "a unit or a convention of the model",
}  # fmt: skip
ROLES = {
    "free": "free: calibration may learn about it", "uncertain": "uncertain: drawn from its range",
    "fixed": "fixed", "lever": "lever: what you decide",
}  # fmt: skip
NOT_CALIBRATED = {
    "uncertain": "drawn from its range", "fixed": "held at its value", "lever": "you decide",
}  # fmt: skip
CANNOT = (
    "It gives no forecast for a region of yours: it says what would follow if the assumptions "
    "held.",
    "Trust, accountability and the pace at which they fade were never measured in numbers in this "
    "setting; their rates are assumptions, and the bands show what that leaves open.",
    "Levels on a scale from 0 to 1 are not scores of any questionnaire. A survey mean near the "
    "top of "
    "its scale tells how leniently people answer, not how much they trust.",
    "Part of what co-creation does is built in, through shared power, commitments and tailoring. "
    "Set 'weight of shared power' to 0 below and see what is left.",
    "The best rhythm at a given cost rests on assumed hours of preparation and travel. Put in your "
    "own prices and practice before you decide.",
    "Nothing here knows of children and families, of funding, or of what else a region is asked to "
    "do.",
    "Numbers of grade B and C are borrowed from other sectors.",
)


class RestsPage:
    """One visitor's view of the numbers."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.session = Session(desk)
        wrong: InputError | None = None
        try:
            self.plan: Plan = parse(address)[0]
        except InputError as error:
            self.plan, wrong = shipped(), error
        self.grade = "every"
        body, self.links = frame("Rests on", "Rests on", "" if wrong else address)
        with body:
            Tag("h1", "What it rests on")
            Tag("p", "Every number of the model, where it comes from and how firmly it stands. "
                     "Where "
                "nobody measured it, it says so.", class_="lead")  # fmt: skip
            self.session.problems = self.problems = Problems()
            if wrong is not None:
                self.problems.show(wrong, "The address could not be used:")
            self._summary()
            self._sliders()
            self._cannot()
            self._table()

    def _summary(self) -> None:
        grades = Counter(row.grade for row in TABLE.values())
        tiles = "".join(
            f"<div "
            f"class='tile'><dt>{'Grade ' + grade if len(grade) == 1 else grade.capitalize()}</dt>"
            f"<dd>{grades[grade]}<small>{words}</small></dd></div>"
            for grade, words in GRADES.items()
        )
        island(f"<dl class='tiles'>{tiles}</dl>")
        found = plausible_sets(10)
        learned = "; ".join(TABLE[name].meaning for name in found.learned) or "none"
        state = (
            f"Calibrated to {found.targets} targets. The data said more than the plausible range "
            f"about {len(found.learned)} of {len(rows(role='free'))} free parameters: {learned}. "
            "The other free ones stay as wide as their ranges."
            if found.calibrated
            else "Not calibrated yet: the free parameters are drawn from their whole ranges."
        )
        Tag("p", f"{state} The uncertain ones are always drawn from their ranges.", class_="note")

    def _sliders(self) -> None:
        Tag("h2", "Try other values")
        Tag("p", "The free parameters and those not calibrated, within their plausible ranges. "
                 "What "
            "you set here holds in every run of your plan.", class_="lead")  # fmt: skip
        self.levers: dict[str, Lever] = {}
        own = self.plan.scenario().parameter_set()
        for role in ("free", "uncertain"):
            with Tag("details") as block:
                if role == "free":
                    block.put(open="")
                Tag("summary", f"{len(rows(role=role))} {role} parameters")
                with Tag("div", class_="settings"):
                    for row in rows(role=role):
                        self._lever(row, own[row.name])
        with Tag("div", class_="row-of no-print"):
            self.go = Tag("a", "See the plan with these values", class_="b main", href="/")
            button("Back to the defaults", self.session.guard(self._defaults))
            self.said = Tag("span", class_="note", role="status")
        self._address()

    def _lever(self, row: Parameter, value: float) -> None:
        assert row.low is not None
        assert row.high is not None
        self.levers[row.name] = Lever(
            f"p.{row.name}", row.meaning[0].upper() + row.meaning[1:], row.unit,
            (row.low, row.high, (row.high - row.low) / 40), round(value, 5),
            self.session.guard(self._set),
            hint=f"{row.name}; plausible {row.range_text}, usual {row.default:.4g}; "
            f"{row.grade if row.grade == 'assumption' else f'grade {row.grade}'}",
        )  # fmt: skip

    async def _set(self, name: str, value: float) -> None:
        short = name.removeprefix("p.")
        if short not in self.levers:
            return
        row = TABLE[short]
        moved = None if value == round(row.default, 5) else float(value)
        plan = self.plan.moved(name, moved)
        try:
            plan.scenario()
        except InputError:
            self.levers[short].reset()
            raise
        self.plan = plan
        self.problems.clear()
        self.levers[short].put(float(value), moved is not None)
        self._address()

    async def _defaults(self) -> None:
        for name, lever in self.levers.items():
            self.plan = self.plan.moved(f"p.{name}", None)
            lever.put(round(self.plan.start.parameter_set()[name], 5), False)
        self._address()

    def _address(self) -> None:
        changed = sum(name.startswith("p.") for name in self.plan.changes)
        found = query(self.plan) or ""
        link_views(self.links, found)
        self.go.put(href=f"/?{found}" if found else "/")
        self.said.say(f"{changed} of your own" if changed else "All at their usual values")
        self.session.client.run_javascript(f"codoseAddress({json.dumps(found)})")

    def _cannot(self) -> None:
        Tag("h2", "What the model cannot say")
        island("".join(f"<li>{text(line)}</li>" for line in CANNOT), tag="ul", class_="cannot")

    def _table(self) -> None:
        Tag("h2", "Every number")
        options = [("every", "Every grade")]
        options += [(g, f"{g}: {w}") for g, w in GRADES.items()]
        with Tag("div", class_="narrow"):
            Choice("grade", "Show", options, self.grade, self.session.guard(self._show_grade))
        self.table = island(table(self.grade))

    async def _show_grade(self, grade: str) -> None:
        if grade == "every" or grade in GRADES:
            self.grade = grade
            self.table.set_content(table(grade))


def table(grade: str) -> str:
    """The table of parameters, of one grade or "every"."""
    learned = plausible_sets(10).learned
    body = "".join(
        _row(row, row.name in learned) for row in TABLE.values() if grade in ("every", row.grade)
    )
    return (
        "<div class='scroll' tabindex='0' role='group' aria-label='Parameters'><table "
        "class='params'>"
        "<thead><tr><th scope='col'>Meaning</th><th scope='col'>Symbol</th>"
        "<th scope='col' class='n'>Usual</th><th scope='col'>Plausible</th><th "
        "scope='col'>Unit</th>"
        "<th scope='col'>Grade</th><th scope='col'>Role</th><th scope='col'>Calibration</th>"
        "<th scope='col'>Source</th></tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _calibration(row: Parameter, learned: bool) -> str:
    """What calibration made of a parameter."""
    if row.role != "free":
        return f"<span class='note'>{NOT_CALIBRATED[row.role]}</span>"
    return "<span class='grade learned'>learned</span>" if learned else "no more than its range"


def _row(row: Parameter, learned: bool) -> str:
    plausible = row.range_text if row.low is not None else "–"
    kind = " assumption" if row.grade == "assumption" else ""
    return (
        f"<tr><th scope='row'>{text(row.meaning)}<small>{row.name}</small></th>"
        f"<td>{text(row.symbol)}</td><td class='n'>{row.default:.4g}</td><td>{plausible}</td>"
        f"<td>{text(row.unit)}</td><td><span class='grade{kind}'>{row.grade}</span></td>"
        f"<td title='{ROLES[row.role]}'>{row.role}</td><td>{_calibration(row, learned)}</td>"
        f"<td>{text(row.source)}</td></tr>"
    )
