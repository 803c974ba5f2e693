"""A teacher who walks the stories by the clock: how long one takes in a class.

Words are counted on the screen of a real Chromium, step by step, and the weeks are watched as they
play; what people do beside the screen takes the time that ``ACTS`` says.
``python -m tests.page_clock`` prints every story.
"""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.page_flows import REPO, Driver

STORIES = json.loads((REPO / "sim" / "page" / "stories.json").read_text(encoding="utf-8"))
WORDS_A_SECOND = 200 / 60
"""Reading aloud, and slowly enough to be understood."""
ACTS = {
    "write a guess and a reason": 30,
    "count hands, for each choice": 8,
    "look at what happened in silence": 15,
    "follow the arithmetic of the marked line": 30,
    "talk about it": 40,
}
"""Seconds of a question that the screen does not show."""
DISCUSS = 120
"""Seconds for the question after the last one."""
NEXT = ".k-controls > .k-main"


@dataclass
class Walked:
    """A story as it was walked: words on the screen, and weeks a second."""

    key: str
    words: list[int]
    weeks: list[float]
    choices: list[int]

    def seconds(self) -> list[float]:
        """Of each question."""
        beside = sum(ACTS.values()) - ACTS["count hands, for each choice"]
        return [
            words / WORDS_A_SECOND + played + beside + count * ACTS["count hands, for each choice"]
            for words, played, count in zip(self.words, self.weeks, self.choices, strict=True)
        ]

    def minutes(self) -> int:
        """Of the story with its discussion, in whole minutes."""
        return math.ceil((sum(self.seconds()) + DISCUSS) / 60)


def walk(page: Driver, key: str) -> Walked:
    """Go through a story that is open at its first question."""
    (story,) = (one for one in STORIES if one["key"] == key)
    walked = Walked(key, [], [], [])
    for step in range(len(story["steps"])):
        page.shown(".k-net")
        words = _words(page, ".k-question, .k-choice-text")
        choices = page.page.locator(".k-choice").count()
        page.page.locator(".k-choice label").first.click()
        page.page.locator(NEXT).click()
        begin = _week(page)
        page.page.locator(NEXT).click()
        speed = int(re.findall(r"\d+", page.text(".k-fold summary"))[0])
        page.shown(".k-choice.is-right")
        page.shown(f"{NEXT}:not([disabled])")
        played = (_week(page) - begin) / speed
        words += _words(page, ".k-explain, .k-reveals")
        before = _words(page, ".k-explain")
        page.page.locator(NEXT).click()
        page.shown(".k-line-of-why.is-flashing")
        words += _words(page, ".k-explain") - before + _words(page, ".k-why")
        walked.words.append(words)
        walked.weeks.append(played)
        walked.choices.append(choices)
        if step < len(story["steps"]) - 1:
            page.page.locator(NEXT).click()
            page.shown(f".k-question:has-text('{step + 2} of {len(story['steps'])}')")
    return walked


def _words(page: Driver, selector: str) -> int:
    """Words that can be seen, without lists to choose from and without folded arithmetic."""
    texts = page.page.eval_on_selector_all(
        selector,
        """all => all.map((one) => {
             const copy = one.cloneNode(true);
             const unread = "select, button, .k-hidden, .k-arithmetic";
             copy.querySelectorAll(unread).forEach((it) => it.remove());
             return copy.textContent.replace(/([.:?!])(?=[^ ])/g, "$1 ");
           })""",
    )
    return sum(len(re.findall(r"[A-Za-z]{2,}|[\d.]+", text)) for text in texts)


def _week(page: Driver) -> int:
    return int(page.page.locator(".k-slider input").input_value())


def main(keys: list[str]) -> None:
    """Print the stories, in whole minutes and question by question."""
    import tempfile

    from playwright.sync_api import sync_playwright

    from tests.page_flows import QUIET, chromium, driver, written

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = written(Path(folder) / "codose.html")
        browser: Any = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        for one in STORIES:
            if keys and one["key"] not in keys:
                continue
            address = f"#view=class&story={one['key']}&present=1"
            with driver(browser, file, width=1280, height=720, address=address) as page:
                walked = walk(page, one["key"])
            each = ", ".join(f"{seconds:.0f} s" for seconds in walked.seconds())
            print(  # noqa: T201
                f"{one['key']:10} {walked.minutes():2} minutes, stated {one['minutes']:2}: {each}"
                f" (words {walked.words}, weeks played in {walked.weeks} s)", flush=True
            )  # fmt: skip
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
