"""The diagrams of the documentation, made by code into ``docs/images/*.svg``.

    python docs/make/diagrams.py

A test fails when a file is not what this makes. The picture of the rooms comes from the table that
the tests hold the imports to.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from badges import BADGES  # noqa: E402
from svg import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION, Drawing  # noqa: E402

REPO = HERE.parents[1]
IMAGES = REPO / "docs" / "images"

STEPS = (
    ("1 Calendar and load", "what is due; a full diary", "shortens it; workload", BLUE),
    ("2 Holding", "the provider or the region", "may fail it", BLUE),
    ("3 Attendance", "who comes; how much is", "really co-created", BLUE),
    ("4 Review, commit", "promises kept or broken;", "new ones are made", GREEN),
    ("5 Trust", "moves towards what", "one experienced", ORANGE),
    ("6 Learning", "staff learn; the provider", "learns the region", PURPLE),
    ("7 Every week", "forget, fade, talk to a", "colleague, put to work", GREY),
    ("8 Turnover", "staff and providers", "leave, others come", GREY),
)


def week() -> str:
    """The eight steps of a week."""
    d = Drawing(940, 430, "The eight steps of a week of the model")
    d.text(20, 34, "A week of the model", size=19, anchor="start", weight="600")
    width, height, gap = 205, 92, 26
    for number, (name, first, second, colour) in enumerate(STEPS):
        row, place = divmod(number, 4)
        column = place if row == 0 else 3 - place
        x, y = 20 + column * (width + gap), 62 + row * 190
        d.box(x, y, width, height, [name, first, second], colour=colour)
    for column in range(3):
        x = 20 + column * (width + gap) + width
        d.arrow([(x, 108), (x + gap, 108)])
        d.arrow([(x + gap, 298), (x, 298)])
    last = 20 + 3 * (width + gap) + width / 2
    d.arrow([(last, 154), (last, 252)])
    d.arrow([(584, 252), (360, 156)], colour=BLUE, dashed=True)
    d.text(
        540, 192, "steps 2 to 6: one contact after another", size=13, colour=BLUE, anchor="start"
    )
    d.arrow([(20 + width / 2, 252), (20 + width / 2, 154)], colour=GREY)
    d.text(20 + width / 2 + 8, 208, "next week", size=13, colour="#595959", anchor="start")
    d.text(
        20, 395, "Steps 1, 7 and 8 happen every week, to everybody. Steps 2 to 6 only where a"
        " contact is due, to those who come.", size=13, anchor="start", colour="#595959",
    )  # fmt: skip
    return d.svg()


def causes() -> str:
    """What moves what."""
    d = Drawing(980, 640, "What moves what in the model")
    d.text(20, 34, "What moves what", size=19, anchor="start", weight="600")
    d.box(20, 70, 190, 74, ["Contacts", "hours, mode, how often"], colour=BLUE)
    d.box(20, 270, 190, 74, ["Co-creation", "planned, then realised"], colour=VERMILLION)
    d.box(20, 470, 190, 74, ["The provider", "skill, load, sites"], colour=BLUE)
    d.box(310, 70, 180, 74, ["Knowledge", "fades unless used"], colour=PURPLE)
    d.box(310, 200, 180, 74, ["Trust", "returns to its start"], colour=ORANGE)
    d.box(310, 330, 180, 74, ["Commitments", "made, kept, broken"], colour=GREEN)
    d.box(310, 470, 180, 74, ["Accountability", "of staff and provider"], colour=GREEN)
    d.box(600, 200, 180, 74, ["Integration", "into ongoing work"], colour=BLUE)
    d.box(600, 370, 180, 74, ["Routines", "of the region, they stay"], colour=GREEN)
    d.box(600, 520, 180, 60, ["Workload"], colour=GREY)
    d.box(830, 200, 130, 74, ["Leadership", "demand"], colour=GREY)
    d.arrow([(210, 100), (310, 100)])
    d.arrow([(210, 125), (310, 220)])
    d.arrow(
        [(210, 290), (310, 135)], colour=VERMILLION, label="tailoring", at=(222, 205), dashed=True
    )
    d.arrow([(210, 300), (310, 245)], colour=VERMILLION, dashed=True, label="power", at=(272, 292))
    d.arrow(
        [(210, 320), (310, 362)], colour=VERMILLION, dashed=True, label="promises", at=(238, 362)
    )
    d.arrow([(210, 490), (310, 262)])
    d.arrow([(210, 510), (310, 510)])
    d.arrow([(400, 404), (400, 470)], colour=GREEN)
    d.arrow([(490, 485), (545, 400), (490, 262)], colour=GREEN)
    d.arrow([(400, 200), (400, 144)], colour=ORANGE)
    d.arrow([(490, 107), (600, 205)], colour=PURPLE)
    d.arrow([(490, 232), (600, 232)], colour=ORANGE)
    d.arrow([(490, 500), (600, 268)], colour=GREEN)
    d.arrow([(490, 367), (600, 395)], colour=VERMILLION, dashed=True, label="kept", at=(560, 372))
    d.arrow([(665, 370), (665, 274)], colour=GREEN)
    d.arrow([(715, 274), (715, 370)], colour=BLUE)
    d.arrow([(780, 535), (812, 400), (772, 274)], colour=GREY)
    d.arrow([(600, 550), (490, 520)], colour=GREY)
    d.arrow([(830, 237), (780, 237)], colour=GREY)
    d.text(
        20, 618, "Dashed red: the ways in which co-creation helps are built in as assumptions;"
        " a study takes them away one by one (see Limits).",
        size=13, anchor="start", colour=VERMILLION,
    )  # fmt: skip
    return d.svg()


def layers_table() -> tuple[tuple[str, ...], ...]:
    """``LAYERS`` of tests/test_layering.py, read and not imported."""
    tree = ast.parse((REPO / "tests" / "test_layering.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "LAYERS":
            assert node.value is not None
            return ast.literal_eval(node.value)
    raise ValueError("tests/test_layering.py has no LAYERS")


ROOMS = {
    "core": "errors, parameters, outcomes, rules, streams, units",
    "tables_in": "the one reader of tables that people bring",
    "scenario": "what a file says, checked; levers",
    "model": "the readable engine",
    "engine": "the same week compiled",
    "stats": "arrays in, numbers out",
    "present": "how anything is shown",
    "runs": "which runs, how they are made and kept",
    "studies": "the kinds of study, a folder each",
    "page": "one HTML file",
    "cli": "the commands",
}


def layers() -> str:
    """Which room may import which: from the top down, never up."""
    rows = layers_table()
    height, gap = 50, 14
    d = Drawing(760, 80 + len(rows) * (height + gap), "Rooms of sim: imports run upwards only")
    d.text(
        20, 34, "Each row may import from the rows above it", size=18, anchor="start", weight="600"
    )
    for number, row in enumerate(rows):
        y = 56 + number * (height + gap)
        width = 620 / len(row)
        for place, name in enumerate(row):
            d.box(100 + place * width, y, width - 10, height, [name, ROOMS[name]])
    bottom = 56 + len(rows) * (height + gap)
    d.arrow([(62, bottom - gap), (62, 60)], colour=GREY)
    d.text(52, bottom + 4, "imports", size=12.5, colour="#595959")
    return d.svg()


def paired() -> str:
    """One run, made twice."""
    d = Drawing(900, 330, "One run is made twice, with assistance and without")
    d.text(20, 34, "One run, made twice", size=19, anchor="start", weight="600")
    d.box(
        20,
        110,
        210,
        130,
        ["Scenario, parameters,", "seed, replicate", "decide everything"],
        colour=GREY,
    )
    d.box(330, 66, 250, 90, ["With assistance", "the contacts of the plan"], colour=BLUE)
    d.box(330, 194, 250, 90, ["Without assistance", "no contacts"], colour=VERMILLION)
    d.box(680, 110, 200, 130, ["Effect", "the difference,", "run by run"], colour=GREEN)
    d.arrow([(230, 150), (330, 115)])
    d.arrow([(230, 200), (330, 235)])
    d.arrow([(580, 115), (680, 150)])
    d.arrow([(580, 235), (680, 200)])
    d.text(455, 180, "same people, networks and chance", size=13, colour="#595959")
    return d.svg()


DIAGRAMS = {"week": week, "causes": causes, "layers": layers, "paired": paired, **BADGES}


def main() -> None:
    """Write all of them."""
    IMAGES.mkdir(exist_ok=True)
    for name, draw in DIAGRAMS.items():
        (IMAGES / f"{name}.svg").write_text(draw(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
