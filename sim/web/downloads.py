"""What a visitor takes home: numbers as CSV, a report in one file that needs nothing else."""

from __future__ import annotations

import base64
import csv
import io

from sim.scenario import Scenario
from sim.view.style import words
from sim.web import plan_words
from sim.web.answer import CURVES, EFFECTS, Answer, planned
from sim.web.parts import WHAT_IF, text

REPORT_RUNS = 200


def csv_of(found: Answer) -> str:
    """The numbers behind the page, a row a week, outcome and arm; then the effects.

    Columns: part (weeks | effects), week, outcome, arm (with_ta | without), middle, low, high,
    luck_low, luck_high. In the part effects, ``middle`` is the mean difference against no TA.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        ("part", "week", "outcome", "arm", "middle", "low", "high", "luck_low", "luck_high")
    )
    for outcome in CURVES:
        for arm, band in (
            ("with_ta", found.with_ta[outcome]), ("without", found.without[outcome]),
        ):  # fmt: skip
            columns = (band.middle, band.low, band.high, band.luck_low, band.luck_high)
            for place, week in enumerate(found.weeks.tolist()):
                numbers = [f"{column[place]:.6f}" for column in columns]
                writer.writerow(("weeks", week, outcome, arm, *numbers))
    for outcome in EFFECTS:
        for point, week in (("end_of_ta", found.end), ("horizon", found.scenario.horizon_weeks)):
            effect = found.effects[outcome, point]
            numbers = [f"{value:.6f}" for value in (effect.mean, effect.low, effect.high)]
            writer.writerow(("effects", week, outcome, "difference", *numbers, "", ""))
    return file.getvalue()


def report_of(found: Answer) -> str:
    """A self-contained HTML report of a plan, with figures: it asks nothing of any network."""
    scenario = found.scenario
    return _PAGE.format(
        title=text(scenario.name),
        what_if=text(WHAT_IF),
        sentence=text(plan_words.headline(scenario)),
        costs=plan_words.cost_tiles(planned(scenario)),
        effects=plan_words.effect_tiles(found),
        note=text(plan_words.effect_note(found)),
        table=plan_words.numbers_table(found),
        rests=plan_words.rests_on(found).replace("<a href='/rests'>", "<a>"),
        figures=_figures(scenario),
        yaml=text(scenario.to_yaml()),
    )


def _figures(scenario: Scenario) -> str:
    """The figures of ``codose run``, as pictures within the page."""
    from sim import results
    from sim.view import plots

    runs = results.run(scenario, replicates=_runs(scenario), engine="compiled")
    drawn = (
        ("Outcomes over time, luck alone", plots.trajectories(runs)),
        ("Contacts planned", plots.dosage_timeline(scenario)),
        ("Commitments", plots.commitments(runs)),
    )
    parts = []
    for name, figure in drawn:
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
        data = base64.b64encode(file.getvalue()).decode()
        parts.append(f"<img alt='{text(words(name))}' src='data:image/png;base64,{data}'>")
    return "".join(parts)


def _runs(scenario: Scenario) -> int:
    people = sum(scenario.staff_counts) * scenario.horizon_weeks
    return max(8, min(REPORT_RUNS, int(4_000_000 / people)))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 860px; margin: 32px auto; padding: 0 20px;
  color: #1a1a1a; background: #fff; }}
h1 {{ font-size: 1.6rem; margin: 0 0 4px; }} h2 {{ font-size: 1.15rem; margin: 32px 0 8px; }}
.note, small {{ color: #55595e; font-size: 0.85rem; }}
.what {{ background: #e4f0f8; padding: 6px 12px;
  border-radius: 6px; }} img {{ width: 100%; margin: 12px 0; }} small {{ display: block; }}
.tiles {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; }}
.tile dt {{ font-size: 0.85rem; color: #55595e; }} .tile dd {{ margin: 0; font-size: 1.4rem;
  font-weight: 600; }} .tile dd small {{ font-weight: 400; }} .over {{ color: #a33a00; }}
table {{ border-collapse: collapse; width: 100%; font-size: 0.9rem; }} th {{ text-align: left; }}
td, th {{ padding: 5px 10px 5px 0; border-bottom: 1px solid #d8dde1; }} .n {{ text-align: right; }}
pre {{ background: #f5f7f8; padding: 12px; overflow-x: auto; font-size: 0.8rem; }}
</style></head><body>
<h1>{title}</h1><p>{sentence}</p><p class="what">{what_if}</p>
<h2>What it takes</h2>{costs}
<h2>What would follow</h2>{effects}<p class="note">{note}</p>{table}{rests}
<h2>Figures</h2>{figures}
<h2>The scenario</h2><p class="note">Saved as a file it runs with <code>codose run</code>.</p>
<pre>{yaml}</pre>
</body></html>
"""
