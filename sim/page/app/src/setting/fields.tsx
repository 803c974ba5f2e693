/** The inputs of the setting: native inputs, each with a name, its allowed range and a message where the value is wrong. */
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { readNumber } from "./numbers";
import type { Panel } from "./panel";
import type { Range } from "./read";
import { grouped, shown } from "./say";

type Limits = Pick<Range, "minimum" | "maximum"> & Partial<Pick<Range, "above" | "whole">>;

interface NumberProps {
  panel: Panel;
  label: string;
  value: number | null;
  limits: Limits;
  onValue(value: number): void;
  onEmpty?(): void; // called for an empty field, which is an error without it
  money?: boolean;
  percent?: boolean; // a share that is shown and typed as percent
  unit?: string;
  step?: number;
  quiet?: boolean; // the name is for screen readers only
  placeholder?: string;
  why?: string; // why the range is what it is
  narrow?: boolean;
}

/** A number that is applied as soon as it is valid. A wrong text stays in the field until it is corrected; what its
 * beginning had set ("50" of "500") is taken back. */
export function NumberField(props: NumberProps) {
  const { panel, value, percent } = props;
  const id = useId();
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const own = useRef(value);
  const before = useRef(value); // as the field was entered
  const applied = useRef<string | null>(null); // the text of the last valid number
  // This must run before the next key press, whose text it would otherwise discard.
  useLayoutEffect(() => {
    if (own.current !== value) {
      setText(null); // the value was changed elsewhere, by undo or another plan
      setProblem("");
      before.current = value;
      applied.current = null;
    }
    own.current = value;
  }, [value]);
  const scale = percent ? 100 : 1;
  const plain = value === null ? "" : shown(value * scale);
  const display = value === null ? "" : props.money ? grouped(value * scale) : plain;

  const typed = (written: string) => {
    setText(written);
    const outcome = understood(written, props);
    setProblem(outcome.problem);
    if (outcome.value === undefined) {
      const begun = applied.current !== null && written.startsWith(applied.current);
      if (!begun || own.current === before.current) return;
      applied.current = null;
      own.current = before.current;
      panel.edits.abandon();
      return;
    }
    applied.current = written || null;
    own.current = outcome.value;
    if (outcome.value === null) props.onEmpty!();
    else if (outcome.value !== value) props.onValue(outcome.value);
  };
  const stepped = (event: KeyboardEvent) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!by || value === null) return;
    event.preventDefault();
    const { minimum, maximum } = props.limits;
    const next = value + by * (props.step ?? 1);
    typed(shown(Math.max(minimum, Math.min(maximum, Number(next.toFixed(6)))) * scale));
  };
  const left = () => {
    if (!problem) setText(null);
    panel.edits.settle();
  };
  return (
    <span class={`set-field${props.narrow ? " set-narrow" : ""}`}>
      <label for={id} class={props.quiet ? "unseen" : ""}>
        {props.label}
      </label>
      <span class="set-input">
        <input
          id={id}
          type="text"
          inputMode="decimal"
          autocomplete="off"
          value={text ?? display}
          placeholder={props.placeholder}
          aria-invalid={problem ? "true" : undefined}
          aria-describedby={problem ? `${id}-problem` : undefined}
          onFocus={() => ([before.current, applied.current] = [value, null])}
          onInput={(event) => typed(event.currentTarget.value)}
          onKeyDown={stepped}
          onBlur={left}
        />
        {(props.unit || percent) && <span class="set-unit">{percent ? "%" : props.unit}</span>}
      </span>
      {problem && (
        <span id={`${id}-problem`} class="set-problem" role="alert">
          {problem}
        </span>
      )}
    </span>
  );
}

/** The value of a typed text, or what is wrong with it: `undefined` is no value, `null` an allowed empty field. */
function understood(written: string, props: NumberProps): { value: number | null | undefined; problem: string } {
  const { t } = props.panel;
  const outcome = readNumber(written, props.money ? "money" : props.limits.whole ? "whole" : "any");
  const range = rangeText(props);
  if ("problem" in outcome) {
    if (outcome.problem === "empty" && props.onEmpty) return { value: null, problem: "" };
    return { value: undefined, problem: t(`number.${outcome.problem}`, { ...outcome.values, range }) };
  }
  const { minimum, maximum, above, whole } = props.limits;
  const inPercent = written.includes("%"); // a share may be typed so, whether its field shows 0.54 or 54
  if (inPercent && !props.percent && maximum > 1) return { value: undefined, problem: t("number.no_number", { text: written.trim().slice(0, 40), range }) };
  const value = Number((outcome.value / (props.percent || inPercent ? 100 : 1)).toPrecision(15));
  if (whole && !Number.isInteger(value)) {
    return { value: undefined, problem: t("number.whole", { value: shown(outcome.value), range }) };
  }
  if (value < minimum || value > maximum || (above && value === minimum)) {
    const why = props.why ? ` ${props.why}` : "";
    return { value: undefined, problem: t("number.range", { value: shown(outcome.value), range }) + why };
  }
  return { value, problem: "" };
}

function rangeText(props: NumberProps): string {
  const { t } = props.panel;
  const scale = props.percent ? 100 : 1;
  const unit = props.percent ? " %" : "";
  const text = (one: number) => (props.money || one >= 10_000 ? grouped(one) : shown(one)); // a year has no thousands
  const low = Number.isFinite(props.limits.minimum) ? text(props.limits.minimum * scale) + unit : "";
  const high = Number.isFinite(props.limits.maximum) ? text(props.limits.maximum * scale) + unit : "";
  if (props.limits.above) return t(high ? "number.above_to" : "number.above", { low, high });
  if (!high) return t("number.from_on", { low });
  return t("number.from_to", { low, high });
}

interface TextProps {
  panel: Panel;
  label: string;
  value: string;
  onValue(value: string): void;
  check(value: string): string; // what is wrong; "": nothing
  quiet?: boolean;
  longest?: number;
}

/** A text that is applied when the field is left or Enter is pressed. */
export function TextField({ panel, label, value, onValue, check, quiet, longest = 80 }: TextProps) {
  const id = useId();
  const [text, setText] = useState<string | null>(null);
  const problem = text === null ? "" : check(text.trim());
  useLayoutEffect(() => setText(null), [value]);
  const done = () => {
    if (text === null || problem) return;
    const clean = text.trim();
    setText(null);
    if (clean !== value) onValue(clean);
    panel.edits.settle();
  };
  return (
    <span class="set-field set-text">
      <label for={id} class={quiet ? "unseen" : ""}>
        {label}
      </label>
      <input
        id={id}
        type="text"
        maxLength={longest}
        autocomplete="off"
        value={text ?? value}
        aria-invalid={problem ? "true" : undefined}
        aria-describedby={problem ? `${id}-problem` : undefined}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") done();
          if (event.key === "Escape") setText(null);
        }}
        onBlur={done}
      />
      {problem && (
        <span id={`${id}-problem`} class="set-problem" role="alert">
          {problem}
        </span>
      )}
    </span>
  );
}

export interface Option {
  value: string;
  label: string;
  disabled?: boolean;
  group?: string; // the heading it is listed under; options of a group must be adjacent
}

interface ChoiceProps {
  label: string;
  value: string;
  options: Option[];
  onValue(value: string): void;
  quiet?: boolean;
  wide?: boolean;
  disabled?: boolean;
  title?: string;
}

export function Choice({ label, value, options, onValue, quiet, wide, disabled, title }: ChoiceProps) {
  const id = useId();
  return (
    <span class={wide ? "set-field set-wide" : "set-field"}>
      <label for={id} class={quiet ? "unseen" : ""}>
        {label}
      </label>
      <select id={id} value={value} disabled={disabled} title={title} onChange={(event) => onValue(event.currentTarget.value)}>
        {[...new Set(options.map((one) => one.group))].map((group) => {
          const within = options.filter((one) => one.group === group).map((one) => (
            <option key={one.value} value={one.value} disabled={one.disabled} selected={one.value === value}>
              {one.label}
            </option>
          ));
          return group === undefined ? within : <optgroup key={group} label={group}>{within}</optgroup>;
        })}
      </select>
    </span>
  );
}

interface SliderProps {
  panel: Panel;
  label: string;
  value: number;
  text: string; // the value in words
  onValue(value: number): void;
  minimum?: number;
  maximum?: number;
  step?: number;
  quiet?: boolean;
}

export function Slider({ panel, label, value, text, onValue, minimum = 0, maximum = 1, step = 0.01, quiet }: SliderProps) {
  const id = useId();
  return (
    <span class="set-field set-slider">
      <label for={id} class={quiet ? "unseen" : ""}>
        {label}
      </label>
      <input
        id={id}
        type="range"
        min={minimum}
        max={maximum}
        step={step}
        value={value}
        aria-valuetext={text}
        onInput={(event) => onValue(Number(event.currentTarget.value))}
        onChange={() => panel.edits.settle()}
        onBlur={() => panel.edits.settle()}
      />
      <output for={id}>{text}</output>
    </span>
  );
}

/** As the `ref` of a field that a button brings: the field has the focus, and is in sight, as soon as it is there. */
export const entered = (field: HTMLElement | null) => field?.focus();

interface CheckProps {
  label: string;
  value: boolean;
  onValue(value: boolean): void;
}

export function Check({ label, value, onValue }: CheckProps) {
  return (
    <label class="set-check">
      <input type="checkbox" checked={value} onChange={(event) => onValue(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

interface ButtonProps {
  children: ComponentChildren;
  onPress(): void;
  label?: string; // the name for screen readers
  kind?: "plain" | "quiet" | "icon" | "danger";
  disabled?: boolean;
  title?: string;
  pressed?: boolean;
  expanded?: boolean;
}

export function Button({ children, onPress, label, kind = "plain", disabled, title, pressed, expanded }: ButtonProps) {
  return (
    <button
      type="button"
      class={`set-button set-${kind}`}
      aria-label={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      title={title ?? (kind === "icon" ? label : undefined)}
      disabled={disabled}
      onClick={onPress}
    >
      {children}
    </button>
  );
}

/** A group that folds. It has a summary in one line, and remembers whether it is open. */
export function Group(props: { name: string; title: string; summary: string; open?: boolean; children: ComponentChildren }) {
  const [open, setOpen] = useState(() => remembered(props.name) ?? props.open ?? false);
  return (
    <details
      class="set-group"
      id={`setting-${props.name}`}
      open={open}
      onToggle={(event) => {
        const now = event.currentTarget.open;
        setOpen(now);
        remember(props.name, now);
      }}
    >
      <summary>
        <h3>{props.title}</h3>
        <span class="set-summary">{props.summary}</span>
      </summary>
      <div class="set-body">{props.children}</div>
    </details>
  );
}

const KEY = "codose.setting.open";

function remembered(name: string): boolean | undefined {
  try {
    return JSON.parse(window.localStorage.getItem(KEY) ?? "{}")[name];
  } catch {
    return undefined; // without storage, the default applies
  }
}

function remember(name: string, open: boolean): void {
  try {
    const all = JSON.parse(window.localStorage.getItem(KEY) ?? "{}");
    window.localStorage.setItem(KEY, JSON.stringify({ ...all, [name]: open }));
  } catch {
    return; // without storage, nothing is remembered
  }
}
