/** What more money gives: a drawing of the plans that no other plan beats, the listed plans by number, and the plan on the screen. */
import { scaleLinear } from "d3-scale";
import { line as path } from "d3-shape";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Found, Row } from "../study/search";
import { money, short, signed } from "../words/text";
import { valueOf } from "../words/verdict";
import { isOwn, type Shared } from "./index";
import { type Box, place } from "./labels";
import { lineOfChoice } from "./line";

const HEIGHT = 300;
const AROUND = { top: 20, right: 16, bottom: 44, left: 52 };
const LETTER = 6.6; // px, the mean width of a letter in a label

export function Frontier({ shared, found }: { shared: Shared; found: Found }) {
  const { say, about, file } = shared;
  const { self, width } = useWidth();
  const [shown, setShown] = useState<Row | null>(null);
  const all = file.budget.a_year !== null && file.budget.of === "all";
  const drawing = drawingOf(shared, found, width);
  return (
    <figure class="best-figure">
      <figcaption>
        <h3>{say(all ? "frontier.title_all" : "frontier.title", { outcome: about.label })}</h3>
        <p class="part-sub">{say("frontier.reading")}</p>
      </figcaption>
      <div ref={self} class="best-drawing">
        <svg width={width} height={HEIGHT} role="group" aria-label={say("frontier.title", { outcome: about.label })}>
          <Axes drawing={drawing} shared={shared} />
          <Lines drawing={drawing} shared={shared} found={found} />
          {drawing.marks.map((mark) => (
            <Mark key={mark.row.key} mark={mark} shared={shared} onShow={setShown} />
          ))}
          <Labels drawing={drawing} />
        </svg>
        <p class="best-detail small" aria-hidden="true">
          {shown ? detailOf(shown, shared) : say("frontier.hint")}
        </p>
      </div>
    </figure>
  );
}

function useWidth() {
  const self = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(640);
  useLayoutEffect(() => {
    const measure = () => self.current && setWidth(Math.max(260, self.current.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(self.current!);
    return () => observer.disconnect();
  }, []);
  return { self, width };
}

interface MarkAt {
  row: Row;
  x: number;
  y: number;
  number: number | null; // of the plan's row in the table; null: the plan is not listed
  kind: "own" | "listed" | "front" | "other";
}

interface Drawing {
  width: number;
  x: (money: number) => number;
  y: (level: number) => number;
  xTicks: number[];
  yTicks: number[];
  marks: MarkAt[];
  labels: { text: string; box: Box; mark: MarkAt | null; tone: string }[];
}

function drawingOf(shared: Shared, found: Found, width: number): Drawing {
  const { file, about, space } = shared;
  const rows = [...found.others, ...found.frontier, ...(found.own ? [found.own] : [])];
  const limit = file.budget.a_year;
  const target = file.targets.find((one) => one.outcome === about.name)?.at_least ?? null;
  const most = Math.max(...rows.map((row) => row.taken.spend), limit ?? 0);
  const levels = [...rows.map((row) => row.level), found.without, ...(target === null ? [] : [target])].filter(Number.isFinite);
  const x = scaleLinear([0, most * 1.04 || 1], [AROUND.left, width - AROUND.right]).nice(5);
  const [low, high] = [Math.min(...levels), Math.max(...levels)];
  const pad = Math.max(0.02 * Math.abs(high - low), 0.005);
  const y = scaleLinear([low - pad, high + pad], [HEIGHT - AROUND.bottom, AROUND.top]).nice(4);
  const kindOf = (row: Row): MarkAt["kind"] => {
    if (row === found.own || isOwn(row, space)) return "own";
    if (found.rows.some((one) => one.key === row.key)) return "listed";
    return found.frontier.some((one) => one.key === row.key) ? "front" : "other";
  };
  const unique = [...new Map(rows.map((row) => [row.key, row])).values()].filter((row) => Number.isFinite(row.level));
  const marks = unique
    .map((row): MarkAt => {
      const at = found.rows.findIndex((one) => one.key === row.key);
      return { row, x: x(row.taken.spend), y: y(row.level), number: at < 0 ? null : at + 1, kind: kindOf(row) };
    })
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  const drawing: Drawing = { width, x, y, xTicks: x.ticks(Math.max(3, Math.floor(width / 110))), yTicks: y.ticks(5), marks, labels: [] };
  drawing.labels = labelsOf(drawing, shared, found, target);
  return drawing;
}

const ORDER: MarkAt["kind"][] = ["other", "front", "listed", "own"];

/** Labels beside the points, and the names of the three lines, placed so that they overlap as little as possible. */
function labelsOf(drawing: Drawing, shared: Shared, found: Found, target: number | null): Drawing["labels"] {
  const { say, file, about, letter } = shared;
  const { x, y, width, marks } = drawing;
  const room = { x: AROUND.left, y: 0, width: width - AROUND.left - 4, height: HEIGHT - AROUND.bottom };
  const wanted: { text: string; x: number; y: number; mark: MarkAt | null; tone: string }[] = [];
  for (const mark of marks) {
    if (mark.kind === "own") wanted.push({ text: say("frontier.own", { letter }), x: mark.x, y: mark.y, mark, tone: "own" });
    if (mark.number !== null && mark.kind !== "own") wanted.push({ text: String(mark.number), x: mark.x, y: mark.y, mark, tone: "listed" });
  }
  const limit = file.budget.a_year;
  const named = (text: string, at: number, level: number, tone: string) => wanted.push({ text, x: at, y: level, mark: null, tone });
  if (limit !== null) {
    const text = say("frontier.budget", { money: money(limit, file.currency) });
    named(text, Math.min(x(limit), width - 20), HEIGHT - AROUND.bottom - 14, "budget");
  }
  if (target !== null) {
    const text = say("frontier.target", { level: valueOf(about, target, file.currency) });
    named(text, AROUND.left + 8 + text.length * LETTER * 0.5, y(target), "target");
  }
  if (Number.isFinite(found.without)) {
    const text = say("frontier.without");
    named(text, AROUND.left + 8 + text.length * LETTER * 0.5, y(found.without), "without");
  }
  const sized = wanted.map((one) => ({ ...one, width: Math.max(18, one.text.length * LETTER + 8), height: 18 }));
  const taken = marks.map((mark) => ({ x: mark.x - 5, y: mark.y - 5, width: 10, height: 10 }));
  const boxes = place(sized, room, taken);
  return sized.map((one, i) => ({ text: one.text, box: boxes[i], mark: one.mark, tone: one.tone }));
}

function Axes({ drawing, shared }: { drawing: Drawing; shared: Shared }) {
  const { x, y, width } = drawing;
  const { file, say, about } = shared;
  const all = file.budget.a_year !== null && file.budget.of === "all";
  const bottom = HEIGHT - AROUND.bottom;
  return (
    <g class="best-axes" aria-hidden="true">
      {drawing.yTicks.map((tick) => (
        <g>
          <line x1={AROUND.left} x2={width - AROUND.right} y1={y(tick)} y2={y(tick)} />
          <text x={AROUND.left - 6} y={y(tick) + 4} text-anchor="end">{valueOf(about, tick, file.currency)}</text>
        </g>
      ))}
      {drawing.xTicks.map((tick) => (
        <text x={x(tick)} y={bottom + 16} text-anchor="middle">{short(tick)}</text>
      ))}
      <text x={(AROUND.left + width - AROUND.right) / 2} y={bottom + 36} text-anchor="middle">
        {say(all ? "frontier.x_all" : "frontier.x", { currency: file.currency })}
      </text>
    </g>
  );
}

function Lines({ drawing, shared, found }: { drawing: Drawing; shared: Shared; found: Found }) {
  const { file, about } = shared;
  const { x, y, width } = drawing;
  const limit = file.budget.a_year;
  const target = file.targets.find((one) => one.outcome === about.name)?.at_least ?? null;
  const front = path<Row>().x((row) => x(row.taken.spend)).y((row) => y(row.level))(found.frontier);
  const across = (level: number, kind: string) => <line class={kind} x1={AROUND.left} x2={width - AROUND.right} y1={y(level)} y2={y(level)} />;
  return (
    <g class="best-lines" aria-hidden="true">
      {limit !== null && <line class="budget" x1={x(limit)} x2={x(limit)} y1={AROUND.top - 8} y2={HEIGHT - AROUND.bottom} />}
      {Number.isFinite(found.without) && across(found.without, "without")}
      {target !== null && across(target, "target")}
      <path class="front" d={front ?? ""} />
    </g>
  );
}

function Mark({ mark, shared, onShow }: { mark: MarkAt; shared: Shared; onShow: (row: Row | null) => void }) {
  const { use } = shared;
  const { row, x, y, kind } = mark;
  const own = kind === "own";
  const act = () => !own && use(row.choice);
  const touched = useRef(false);
  return (
    <g
      class={`best-mark ${kind}`}
      role={own ? "img" : "button"}
      tabIndex={0}
      aria-label={own ? detailOf(row, shared) : shared.say("frontier.use", { detail: detailOf(row, shared) })}
      onPointerDown={(event) => (touched.current = event.pointerType === "touch")}
      onMouseEnter={() => onShow(row)}
      onFocus={() => onShow(row)}
      onClick={() => (touched.current ? onShow(row) : act())}
      onKeyDown={(event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), act())}
    >
      <circle class="reach" cx={x} cy={y} r={12} />
      {own ? <path d={`M${x} ${y - 7}l7 7l-7 7l-7 -7z`} /> : <circle cx={x} cy={y} r={kind === "listed" ? 5 : 3.5} />}
    </g>
  );
}

function Labels({ drawing }: { drawing: Drawing }) {
  return (
    <g class="best-labels" aria-hidden="true">
      {drawing.labels.map(({ text, box, mark, tone }) => {
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        const far = mark && Math.hypot(mark.x - x, mark.y - y) > 24;
        return (
          <g class={tone}>
            {mark && far && <line x1={mark.x} y1={mark.y} x2={x} y2={y} />}
            {tone !== "own" && mark ? <circle cx={x} cy={y} r={9} /> : <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={4} />}
            <text x={x} y={y + 4} text-anchor="middle">{text}</text>
          </g>
        );
      })}
    </g>
  );
}

/** "Video weekly, 1.5 h: $221,000 a year, integration 0.49, better than your plan by 0.03". */
function detailOf(row: Row, shared: Shared): string {
  const { say, data, about, file, letter, space, plan } = shared;
  const own = isOwn(row, space);
  const line = row.choice.call === null && row.choice.visitEvery === null ? plan.name : lineOfChoice(row.choice, data);
  const values = {
    line: own ? say("table.own", { letter, name: plan.name }) : line,
    money: money(row.taken.spend, file.currency),
    outcome: about.label,
    level: valueOf(about, row.level, file.currency),
    gap: row.against ? signed(row.against.mean) : "",
    letter,
  };
  return say(row.against && about.high !== null ? "frontier.detail_against" : "frontier.detail", values);
}
