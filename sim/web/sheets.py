"""Class sheets: one printed page a story, with the questions and room to write."""

from __future__ import annotations

from sim.web.guided import BY_KEY, Guided
from sim.web.parts import WHAT_IF, text


def sheet(key: str) -> str | None:
    """The sheet of a guided story as an HTML page; None when there is no such story."""
    guided = BY_KEY.get(key)
    return None if guided is None else _sheet(guided)


def _sheet(guided: Guided) -> str:
    steps = "".join(
        f"<li><p>{text(step.text)} <b>{text(step.question)}</b></p>"
        f"<p "
        f"class='boxes'>{''.join(f'<span>☐ {text(answer)}</span>' for answer in step.answers)}</p>"
        "<p class='line'>Because</p><p class='line'>What the model shows, and in which "
        "term</p></li>"
        for step in guided.steps
    )
    names = [name for name, _ in guided.arms()]
    return _PAGE.format(
        title=text(guided.title), aim=text(guided.aim), steps=steps, discuss=text(guided.discuss),
        what_if=text(WHAT_IF), key=guided.key, one=text(names[0]), two=text(names[1]),
    )  # fmt: skip


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} · class sheet</title><style>
@page {{ size: A4; margin: 16mm; }}
body {{ font: 11.5pt/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: #1a1a1a;
  background: #fff; max-width: 178mm;
  margin: 20px auto; padding: 0 12px; }}
h1 {{ font-size: 19pt; margin: 0 0 2pt; }} .aim {{ color: #444; margin: 0 0 8pt; }}
.sides {{ display: flex; gap: 24pt; border-top: 1pt solid #999; border-bottom: 1pt solid #999;
  padding: 5pt 0;
  margin: 8pt 0 10pt; }}
ol {{ padding-left: 16pt; margin: 0; }}
li {{ margin-bottom: 10pt; break-inside: avoid; }}
li p {{ margin: 0 0 4pt; }} .boxes span {{ margin-right: 18pt; }}
.line {{ border-bottom: 0.7pt solid #777; color: #595959; font-size: 9pt; padding-bottom: 20pt; }}
.discuss {{ background: #eef4f8; padding: 7pt 10pt; border-radius: 4pt; }}
footer {{ color: #595959; font-size: 8.5pt; margin-top: 10pt; }}
.who {{ float: right; font-size: 9.5pt; color: #444; }}
.print {{ font: inherit; padding: 6px 14px; border: 1px solid #777; border-radius: 6px;
  background: #fff; cursor: pointer; }}
@media print {{ .print, .back {{ display: none; }} body {{ margin: 0; padding: 0; }} }}
</style></head><body><main>
<p class="who">Name ______________________ Date ____________</p>
<h1>{title}</h1><p class="aim">{aim}</p>
<div class="sides"><span><b>Left:</b> {one}</span><span><b>Right:</b> {two}</span>
<span>Same people, same luck.</span></div>
<p>Answer each question before you reveal what happens. Then find the reason: click a person or the
provider.</p>
<ol>{steps}</ol>
<p class="discuss"><b>To discuss.</b> {discuss}</p>
<footer>{what_if}</footer>
<p class="back"><button class="print" type="button" onclick="print()">Print this page</button>
<a href="/see?story={key}">To the story</a></p>
</main></body></html>
"""
