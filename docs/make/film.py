"""The pictures of the page, taken from the page: ``docs/images/page*.png``, the film, the doors.

    python docs/make/film.py                  all of them
    python docs/make/film.py door_teach       some of them

Needs a Chromium (``apt-get install chromium``, or CODOSE_CHROMIUM) and takes some minutes, because
the page really computes. Look at what it made before it is kept.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
IMAGES = REPO / "docs" / "images"
for place in (str(HERE), str(REPO)):
    if place not in sys.path:
        sys.path.insert(0, place)

from pictures import small  # noqa: E402

WINDOW = {"width": 1440, "height": 900}
FILMED = {"width": 1280, "height": 800}
DOOR = (520, 330)
"""Pixels of the picture of a door."""
COLOURS = 64
"""Of the film."""
PATIENCE = 600_000
READY = ".verdict[aria-busy=false] h1"
COMPARED = ".plan-sentences li"
NEXT = ".k-controls > .k-main"
POINTER = """() => {
  const one = document.createElement("div");
  one.id = "pointer";
  Object.assign(one.style, {
    position: "fixed", zIndex: 9999, width: "22px", height: "22px", borderRadius: "50%",
    background: "rgb(213 94 0 / 0.55)", border: "2px solid #d55e00", pointerEvents: "none",
    transform: "translate(-50%, -50%)", left: "700px", top: "560px",
  });
  document.body.append(one);
}"""


def document(number: int = 2) -> dict[str, Any]:
    """The first plans of three: the planning case as it is, twice the calls, all by video."""
    from sim.page.data import said
    from sim.scenario.scenario import Scenario

    base = said(Scenario.shipped("planning")) | {"start_date": "2026-12-07"}
    visits, calls = base["dosage"]
    now = {**base, "name": "What we do now"}
    twice = {**base, "name": "Twice the calls", "dosage": [visits, {**calls, "every_weeks": 2}]}
    video = [{**visits, "mode": "video"}, {**calls, "every_weeks": 2}]
    plans = (now, twice, {**base, "name": "All by video", "dosage": video})[:number]
    return {
        "codose": "plans", "version": 1, "open": plans[-1]["name"],
        "reference": now["name"] if number > 1 else None,
        "currency": "$", "budget": {"a_year": 300_000, "of": "centre"},
        "targets": [{"outcome": "integration", "at_least": 0.3, "when": "end_of_ta", "sure": 0.7}],
        "plans": [{"name": one["name"], "scenario": one} for one in plans],
    }  # fmt: skip


@dataclass
class Camera:
    """A window on the page, and what was taken of it.

    Attributes:
        page: of Playwright.
        frames: pictures and how many milliseconds each is shown.
    """

    page: Any
    frames: list[tuple[bytes, int]] = field(default_factory=list)

    def take(self, milliseconds: int = 0) -> bytes:
        """What the window shows, for the film if it stays for some time."""
        shot = self.page.screenshot()
        if milliseconds:
            self.frames.append((shot, milliseconds))
        return shot

    def shown(self, selector: str) -> Any:
        """The first such element, once it is there."""
        found = self.page.locator(selector).first
        found.wait_for(timeout=PATIENCE)
        return found

    def scroll_to(self, selector: str, above: int = 70) -> None:
        """Bring an element to the top."""
        self.shown(selector).evaluate(
            "(one, above) => window.scrollTo(0, one.getBoundingClientRect().top + scrollY - above)",
            above,
        )

    def answered(self) -> None:
        """Wait until the page has answered what was set last."""
        self.page.wait_for_timeout(1500)
        self.shown(READY)
        self.page.wait_for_timeout(1500)  # the courses follow the verdict
        self.shown(READY)

    def only(self, group: str) -> None:
        """Unfold one group of the setting, and fold the others."""
        self.shown(".set-group")
        self.page.evaluate(
            "(id) => document.querySelectorAll('.set-group').forEach((one) => {"
            " one.open = one.id === id; })",
            f"setting-{group}",
        )

    def point(self, target: Any, x: float = 0.5) -> None:
        """Move the pointer to an element, and show it on its way."""
        box = target.bounding_box()
        end = box["x"] + x * box["width"], box["y"] + box["height"] / 2
        start = self.page.evaluate(
            "() => { const s = document.querySelector('#pointer').style;"
            " return [parseFloat(s.left), parseFloat(s.top)]; }"
        )
        for step in (0.4, 0.75, 1.0):
            at = [a + (b - a) * step for a, b in zip(start, end, strict=True)]
            self.page.evaluate(
                "([x, y]) => { const s = document.querySelector('#pointer').style;"
                " s.left = x + 'px'; s.top = y + 'px'; }",
                at,
            )
            self.take(90)


def whole(png: bytes, size: tuple[int, int]) -> Image.Image:
    """A picture as large as fits into ``size``, on white."""
    shot = Image.open(io.BytesIO(png)).convert("RGB")
    dark = shot.convert("L").point(lambda grey: 255 * (grey < 240))
    shot = shot.crop(dark.getbbox())  # without an empty margin
    scale = 0.96 * min(size[0] / shot.width, size[1] / shot.height)
    small_shot = shot.resize((round(shot.width * scale), round(shot.height * scale)))
    room = Image.new("RGB", size, "white")
    room.paste(small_shot, ((size[0] - small_shot.width) // 2, (size[1] - small_shot.height) // 2))
    return room


def kept(picture: Image.Image | bytes) -> bytes:
    """The file of a picture."""
    if isinstance(picture, bytes):
        return small(picture)
    made = io.BytesIO()
    picture.save(made, "PNG")
    return small(made.getvalue())


# --- the pictures -----------------------------------------------------------------------------


def page(camera: Camera) -> bytes:
    """The plan and its answer."""
    camera.only("contacts")
    camera.shown(READY)
    camera.shown(COMPARED)
    return kept(camera.take())


def page_compare(camera: Camera) -> bytes:
    """Plans side by side."""
    camera.only("contacts")
    camera.shown(f"{COMPARED}:nth-of-type(2)")
    camera.scroll_to("h2:has-text('side by side')")
    return kept(camera.take())


def page_best(camera: Camera) -> bytes:
    """The best use of the budget, once some plans were found."""
    camera.only("contacts")
    camera.shown("[class*=best] table button:has-text('Use') >> nth=4")
    camera.scroll_to("h2:has-text('Best use')")
    return kept(camera.take())


def page_print(camera: Camera) -> bytes:
    """The printed page."""
    camera.shown(COMPARED)
    camera.answered()
    camera.page.set_viewport_size({"width": 760, "height": 1000})
    camera.page.emulate_media(media="print")
    return kept(camera.shown(".printed").screenshot())


def page_class(camera: Camera) -> bytes:
    """The first question of a story."""
    camera.page.evaluate("location.hash = '#view=class&story=sharing&present=1'")
    camera.shown(".k-net")
    return kept(camera.take())


def door_plan(camera: Camera) -> bytes:
    """The door of planners: one outcome over time, with the plan and without assistance."""
    camera.shown(READY)
    camera.page.mouse.move(5, 5)
    figure = camera.shown(".course-figure >> nth=2")
    figure.locator("path").first.wait_for()
    return kept(whole(figure.screenshot(), DOOR))


def door_research(camera: Camera) -> bytes:
    """The door of researchers: a panel of the figure of the Sobol indices."""
    figure = Image.open(REPO / "experiments" / "figures" / "sobol-total.png").convert("RGB")
    part = io.BytesIO()
    figure.crop((0, 55, 680, 476)).save(part, "PNG")  # between two bars
    return kept(whole(part.getvalue(), DOOR))


def door_teach(camera: Camera) -> bytes:
    """The door of teachers: those who decide together, after the first question."""
    _lesson(camera, film=False)
    return kept(whole(camera.shown(".k-net >> nth=1").screenshot(), DOOR))


def page_film(camera: Camera) -> bytes:
    """The page in use."""
    page = camera.page
    camera.only("contacts")
    camera.answered()
    page.evaluate(POINTER)
    camera.take(3000)
    calls = page.locator(".setting").get_by_text("Video every 4 weeks").first
    camera.point(calls)
    calls.click()
    page.wait_for_timeout(500)
    camera.take(900)
    often = page.locator(".setting").get_by_label("How often", exact=True).first
    camera.point(often)
    often.select_option("2")
    camera.answered()
    camera.take(3200)
    together = page.locator(".setting input[type=range]").first
    camera.point(together, 0.6)
    for value in (0.7, 0.8, 0.9):
        together.fill(str(value))
        camera.point(together, value)
    camera.answered()
    camera.take(3200)
    camera.point(page.get_by_role("navigation").first.get_by_role("button", name="Class"))
    page.evaluate("document.querySelector('#pointer').remove()")
    _lesson(camera, film=True)
    return _film(camera.frames)


def _lesson(camera: Camera, *, film: bool) -> None:
    """The first question of a story, up to its answer; on film with the weeks that play."""
    page = camera.page
    page.evaluate("location.hash = '#view=class&story=sharing&present=1'")
    camera.shown(".k-net")
    if film:
        camera.take(2600)
    page.locator(".k-choice label").nth(2).click()
    if film:
        camera.take(700)
    page.locator(NEXT).click()
    page.locator(NEXT).click()
    while page.locator(".k-choice.is-right").count() == 0:
        if film:
            camera.take(180)
        page.wait_for_timeout(120)
    camera.shown(f"{NEXT}:not([disabled])")
    if film:
        camera.take(4000)


def _film(frames: list[tuple[bytes, int]]) -> bytes:
    """A GIF that plays twice and stays at its last picture; the same picture again is one."""
    shots: list[Image.Image] = []
    times: list[int] = []
    for png, milliseconds in frames:
        shot = Image.open(io.BytesIO(png)).convert("RGB")
        if shots and shot.tobytes() == shots[-1].tobytes():
            times[-1] += milliseconds
        else:
            shots.append(shot)
            times.append(milliseconds)
    some = [shots[0], shots[len(shots) // 2], shots[-1]]
    width, height = shots[0].size
    sheet = Image.new("RGB", (width, height * len(some)))
    for number, shot in enumerate(some):
        sheet.paste(shot, (0, number * height))
    palette = sheet.quantize(COLOURS, Image.Quantize.FASTOCTREE)
    few = [shot.quantize(palette=palette, dither=Image.Dither.NONE) for shot in shots]
    made = io.BytesIO()
    few[0].save(
        made, "GIF", save_all=True, append_images=few[1:], duration=times, loop=1, optimize=False,
        disposal=1,
    )  # fmt: skip
    return made.getvalue()


PICTURES: dict[str, tuple[Callable[[Camera], bytes], float, int]] = {
    "page.png": (page, 7 / 9, 2),
    "page_compare.png": (page_compare, 7 / 9, 3),
    "page_best.png": (page_best, 7 / 9, 3),
    "page_print.png": (page_print, 1, 2),
    "page_class.png": (page_class, 7 / 9, 1),
    "page.gif": (page_film, 0.75, 1),
    "door_plan.png": (door_plan, 2, 2),
    "door_research.png": (door_research, 1, 1),
    "door_teach.png": (door_teach, 1.5, 1),
}
"""File names, who takes them, device pixels in a CSS pixel, and how many plans are there."""


def main(names: list[str]) -> None:
    """Take some pictures, or all."""
    from playwright.sync_api import sync_playwright

    from sim.page.build import page_data, page_html

    chromium = shutil.which(os.environ.get("CODOSE_CHROMIUM", "chromium"))
    if chromium is None:
        raise SystemExit("no Chromium here: apt-get install chromium, or set CODOSE_CHROMIUM")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        files = {}
        for number in (1, 2, 3):
            files[number] = Path(folder) / f"codose{number}.html"
            text = page_html(page_data(opened=document(number)))
            files[number].write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (picture, scale, plans) in PICTURES.items():
            if names and Path(name).stem not in names and name not in names:
                continue
            moves = name.endswith(".gif")
            context = browser.new_context(
                viewport=FILMED if moves else WINDOW,
                device_scale_factor=scale,
                offline=True,
                color_scheme="light",
            )
            context.set_default_timeout(PATIENCE)
            camera = Camera(context.new_page())
            camera.page.goto(files[plans].as_uri())
            camera.shown(".frame")
            made = picture(camera)
            (IMAGES / name).write_bytes(made)
            sys.stdout.write(f"{name}: {len(made):,} bytes\n")
            context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
