/** A choice of a week by month; a week that is not the first or last of a month is offered as a week. */
import { Choice, type Option } from "./fields";
import type { Panel } from "./panel";
import { horizonOf, startOf } from "./read";
import { dayName, firstDay, monthName, type MonthMark, monthsBetween } from "./weeks";

interface Props {
  panel: Panel;
  label: string;
  value: number;
  at: "first" | "last"; // whether a month means its first or its last week
  minimum?: number;
  maximum?: number;
  onWeek(week: number): void;
  also?: Option[]; // further options, listed before the months
  alsoValue?: string | null; // which of these options is chosen; null: a month
  onAlso?(value: string): void;
  quiet?: boolean;
}

export function WeekChoice(props: Props) {
  const { panel, value } = props;
  const options = [...(props.also ?? []), ...monthOptions(props)];
  const chosen = props.alsoValue ?? String(value);
  const choose = (text: string) => {
    if (props.also?.some((one) => one.value === text)) props.onAlso!(text);
    else props.onWeek(Number(text));
  };
  return <Choice label={props.label} value={chosen} options={options} onValue={choose} quiet={props.quiet} title={exact(panel, value)} />;
}

function monthOptions({ panel, value, at, minimum = 1, maximum, alsoValue }: Props): Option[] {
  const start = startOf(panel.scenario);
  const horizon = horizonOf(panel.scenario, panel.data.schema);
  const highest = maximum ?? horizon;
  const fits = (mark: MonthMark) => mark[at] >= minimum && mark[at] <= highest;
  const marks = monthsBetween(horizon, start).filter(fits);
  const options = marks.map((mark) => ({ week: mark[at], label: labelOf(panel, mark) }));
  const known = options.some((one) => one.week === value);
  if (!known && (alsoValue === undefined || alsoValue === null)) {
    options.push({ week: value, label: offLabel(panel, value) });
    options.sort((a, b) => a.week - b.week);
  }
  return options.map((one) => ({ value: String(one.week), label: one.label }));
}

function labelOf(panel: Panel, mark: MonthMark): string {
  if (mark.day) return monthName(mark.day);
  const year = Math.floor((mark.number - 1) / 12) + 1;
  return panel.t("week.month", { number: mark.number, year, of_year: ((mark.number - 1) % 12) + 1 });
}

function offLabel(panel: Panel, week: number): string {
  const start = startOf(panel.scenario);
  if (start) return panel.t("week.dated", { week, date: dayName(firstDay(week, start)) });
  return panel.t("week.week", { week });
}

function exact(panel: Panel, week: number): string {
  return offLabel(panel, week);
}

/** A week as its month: "Dec 2028", or "month 24". */
export function weekText(panel: Panel, week: number, at: "first" | "last" = "first"): string {
  const start = startOf(panel.scenario);
  if (start) return monthName(firstDay(week, start));
  const whole = at === "last" ? (week * 12) / 52 : ((week - 1) * 12) / 52 + 1;
  const near = Math.abs(whole - Math.round(whole)) < 0.13;
  return near ? panel.t("week.short_month", { number: Math.round(whole) }) : panel.t("week.week", { week });
}
