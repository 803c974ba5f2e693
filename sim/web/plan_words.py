"""What the plan view says: tiles, legends, tables and captions, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.outcomes import OUTCOMES
from sim.parameters import TABLE
from sim.scenario import Scenario
from sim.view.style import words
from sim.web.answer import CURVES, EFFECTS, Answer, Planned, Range
from sim.web.levers import KINDS, read, rhythm
from sim.web.parts import text

if TYPE_CHECKING:
    import pandas as pd


def signed(value: float) -> str:
    """A difference with two digits and a real minus.

    >>> signed(0.123), signed(-0.05), signed(0.001)
    ('+0.12', '−0.05', '0.00')
    """
    shown = f"{value:+.2f}"
    return "0.00" if float(shown) == 0 else shown.replace("-", "−")


def whole(value: float) -> str:
    """A large number to three digits.

    >>> whole(123349), whole(87)
    ('123,000', '87')
    """
    if abs(value) < 1000:
        return f"{value:,.0f}"
    size = 10 ** (len(str(int(abs(value)))) - 3)
    return f"{round(value / size) * size:,.0f}"


def share(value: float) -> str:
    """A share in percent."""
    return f"{100 * value:.0f} %"


def headline(scenario: Scenario) -> str:
    """The plan in a sentence."""
    levers = read(scenario)
    parts = []
    for kind, hours in KINDS.items():
        often = float(levers[kind])
        if often:
            mode = {"calls": levers["mode"], "more": levers["more_mode"]}.get(kind)
            what = "a contact" if mode else "a visit"
            by = f" by {mode}" if mode else ""
            parts.append(f"{what} of {float(levers[hours]):g} h{by} {rhythm(often)}")
    regions, providers = len(scenario.region_names), scenario.providers.count
    people = sum(scenario.staff_counts)
    team = (
        f"{regions:,} region{'s' * (regions > 1)}, {people:,} staff, "
        f"{providers:,} provider{'s' * (providers > 1)}"
    )
    if not parts:
        if scenario.contact_log is not None and scenario.contact_log.rows:
            return f"The contacts of a log; {team}."
        return f"No assistance is planned yet; {team}."
    contacts = " and ".join([", ".join(parts[:-1])] * (len(parts) > 1) + parts[-1:])
    sentence = f"{contacts}, for {levers['months']:g} months; {team}."
    return sentence[0].upper() + sentence[1:]


def cost_tiles(planned: Planned) -> str:
    """Cost and load by the calendar, which needs no run."""
    over = ' class="over"' if planned.peak > 1 else ""
    remark = "over-full: contacts get shorter" if planned.peak > 1 else "busiest provider"
    return (
        '<dl class="tiles">'
        + _tile("Planned cost", whole(planned.cost), "if every contact is held and all come")
        + _tile("Provider hours", whole(planned.provider_hours),
                f"{planned.contacts:,.0f} contacts, {planned.visits:,.0f} visits")
        + _tile("Staff hours", whole(planned.staff_hours), "in contacts")
        + f"<div class='tile'><dt>Provider load</dt><dd{over}>{share(planned.load)}"
        + f"<small>{remark}; at most {share(planned.peak)}</small></dd></div>"
        + "</dl>"
    )  # fmt: skip


def costs_rest_on(scenario: Scenario) -> str:
    """Under cost and load: which numbers they rest on."""
    costs, own = scenario.costs, scenario.parameter_set()
    return (
        f"Rests on {costs.provider_hour:g} an hour of a provider, {costs.staff_hour:g} of staff, "
        f"{costs.travel_visit:g} a visit; around a contact {own['preparation_per_contact']:g} h of "
        f"preparation, {own['preparation_per_hour']:g} h more for each of its hours, and "
        f"{own['travel_hours']:g} h of travel for a visit. Put in your own."
    )


def _tile(name: str, value: str, remark: str) -> str:
    return (
        f"<div class='tile'><dt>{text(name)}</dt><dd>{text(value)}"
        f"<small>{text(remark)}</small></dd></div>"
    )


def between(found: Range) -> str:
    """The middle 90 %."""
    return f"{signed(found.low)} to {signed(found.high)}"


def effect_tiles(found: Answer) -> str:
    """Effects against no TA at the end of TA."""
    tiles = [
        _tile(
            words(name).capitalize(),
            signed(found.effects[name, "end_of_ta"].mean),
            between(found.effects[name, "end_of_ta"]),
        )
        for name in EFFECTS
    ]
    return f'<dl class="tiles">{"".join(tiles)}</dl>'


def dock(found: Answer, planned: Planned) -> str:
    """The answer in a line, for small screens on which it is far below the sliders."""
    short = {"mutual_accountability": "account.", "integration": "integr.", "knowledge": "knowl."}
    items = [
        (short.get(name, words(name)), signed(found.effects[name, "end_of_ta"].mean))
        for name in CURVES
    ]
    items.append(("cost", whole(planned.cost)))
    return "".join(f"<span><b>{value}</b> {text(name)}</span>" for name, value in items)


def effect_note(found: Answer) -> str:
    """What the tiles mean and rest on, in words."""
    later = found.effects["capacity", "horizon"]
    text_ = (
        f"Difference against no assistance in week {found.end}, when it ends, on a scale from 0 to "
        "1; below each, 9 of 10 runs."
    )
    if found.end < found.scenario.horizon_weeks:
        text_ += (
            f" Of the gain in capacity, {signed(later.mean)} is left in week "
            f"{found.scenario.horizon_weeks}."
        )
    cost = found.totals["cost"]
    text_ += (
        f" As contacts are cancelled and missed, the cost in the runs is {whole(cost.mean)} "
        f"({whole(cost.low)} to {whole(cost.high)})."
    )
    return text_


def rests_on(found: Answer, link: bool = True) -> str:
    """Under the figures: which numbers they rest on."""
    movers = [
        f"{words(name)}: "
        + ", ".join(
            f"{TABLE[parameter].meaning} ({rho:+.1f})".replace("-", "−")
            for parameter, rho in found.drivers[name]
        )
        for name in CURVES
        if found.drivers.get(name)
    ]
    moves = (
        f" The effect moves most with (rank correlation over the sets) {'; '.join(movers)}."
        if movers
        else " No single number stands out."
    )
    return (
        f"<p class='note'>Rests on {found.runs:,} runs with and {found.runs:,} without assistance, "
        f"seed {found.scenario.seed}; {found.sets} {text(found.source)}.{text(moves)}"
        + (" <a href='/rests'>Every number, with its source</a>." if link else "")
        + "</p>"
    )


def legend(kept: Sequence[str]) -> str:
    """The legend of all charts at once; the classes have their colours in the style sheet."""
    items = [
        ("with", "with assistance, middle run"),
        ("with band strong", "9 of 10 runs: luck alone"),
        ("with band", "9 of 10 runs: luck and what we do not know"),
        ("none dotted", "no assistance, middle run"),
        ("none band", "no assistance, 9 of 10 runs"),
    ]
    items += [(f"kept-{place} dashed", label) for place, label in enumerate(kept)]
    return "".join(f"<li><i class='key {kind}'></i>{text(label)}</li>" for kind, label in items)


def chart_words(outcome: str, found: Answer) -> str:
    """A chart in a sentence, for those who hear it."""
    with_ta, without = found.with_ta[outcome], found.without[outcome]
    end = int(abs(found.weeks - found.end).argmin())
    return (
        f"{words(outcome).capitalize()} over {found.scenario.horizon_weeks} weeks. With assistance "
        f"from {with_ta.middle[0]:.2f} to {with_ta.middle[end]:.2f} in week {found.end} and "
        f"{with_ta.middle[-1]:.2f} at the end; without {without.middle[end]:.2f} and "
        f"{without.middle[-1]:.2f}."
    )


def numbers_table(found: Answer) -> str:
    """The charts as a table."""
    rows = []
    for name in EFFECTS:
        for point, word in (("end_of_ta", f"week {found.end}"),
                            ("horizon", f"week {found.scenario.horizon_weeks}")):  # fmt: skip
            level, effect = found.levels[name, point], found.effects[name, point]
            rows.append(
                f"<tr><th scope='row'>{words(name)}</th><td>{word}</td>"
                f"<td class='n'>{level.mean:.2f}</td><td class='n'>{signed(effect.mean)}</td>"
                f"<td class='n'>{between(effect)}</td><td "
                f"class='n'>{share(effect.better)}</td></tr>"
            )
    return (
        "<div class='scroll' tabindex='0' role='group' aria-label='The numbers'><table><thead><tr>"
        "<th scope='col'>Outcome</th><th scope='col'>When</th>"
        "<th scope='col' class='n'>With assistance</th><th scope='col' class='n'>Difference</th>"
        "<th scope='col' class='n'>9 of 10 runs</th><th scope='col' class='n'>Runs that gain</th>"
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


# --- comparison -----------------------------------------------------------------------------------


def comparison_table(
    table: pd.DataFrame, costs: Mapping[str, float], labels: Sequence[str], gains: bool
) -> str:
    """Paired differences of every plan against the first, at the end of assistance."""
    first = labels[0]
    at_end = table[table["point"] == "end_of_ta"]
    names = [name for name in EFFECTS if name in set(at_end["outcome"])]
    head = "".join(f"<th scope='col' class='n'>{words(name)}</th>" for name in names)
    rows = [
        f"<tr><th scope='row'>{text(first)}<small>reference</small></th>"
        + "".join(f"<td class='n'>{_level(at_end, name)}</td>" for name in names)
        + f"<td class='n'>{whole(costs[first])}</td></tr>"
    ]
    for label in labels[1:]:
        mine: Any = at_end[at_end["b"] == label].set_index("outcome")
        cells = "".join(f"<td class='n'>{_difference(mine.loc[name])}</td>" for name in names)
        money = costs[label] - costs[first]
        sign = "+" if money > 0 else ("−" if money < 0 else "")
        rows.append(
            f"<tr><th scope='row'>{text(label)}</th>{cells}"
            f"<td class='n'>{sign}{whole(abs(money))}</td></tr>"
        )
    what = "gains against no assistance" if gains else "levels"
    return (
        f"<p class='note'>Differences to “{text(first)}” in {what} at the end of assistance: "
        "same people, same luck, same plausible sets. Below each: 90 % of plausible sets.</p>"
        "<div class='scroll' tabindex='0' role='group' aria-label='Paired differences'><table>"
        f"<caption class='sr'>Differences to “{text(first)}”</caption>"
        f"<thead><tr><th scope='col'>Plan</th>{head}<th scope='col' "
        f"class='n'>Cost</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _level(table: pd.DataFrame, name: str) -> str:
    return f"{float(table[table['outcome'] == name]['mean_a'].iloc[0]):.2f}"


def _difference(row: Any) -> str:
    mark = "" if row["settled"] else "<small>not settled</small>"
    return (
        f"{signed(row['mean'])}<small>{signed(row['low'])} to {signed(row['high'])}</small>{mark}"
    )


def unit_words(outcome: str) -> str:
    """The unit of an outcome as a caption shows it."""
    return f"{words(outcome).capitalize()} <small>({OUTCOMES[outcome].unit})</small>"
