/** The menu "Hand on": one printed page, files, tables, calendars. All files carry the plan's name. */
import { completer, providerNames } from "../model/complete";
import { contacts } from "../model/contacts";
import { fileName, planText, plansFileName, plansText } from "../model/files";
import { openPlan } from "../model/plans";
import { readable } from "../setting/read";
import type { PageRunner } from "../study/runner";
import type { Comparison, PageData, Plan, PlanAnswer, PlansFile } from "../types";
import { download, type Store, useStore } from "../ui/store";
import { Menu, type MenuItem, useSay } from "../ui/widgets";
import { calendarCsv, calendarIcs } from "./calendar";
import { comparedTable, costTable, coursesTable, outcomesTable, type TableInput } from "./tables";

export interface HandOnProps {
  store: Store;
  data: PageData;
  runner: PageRunner | null;
  answer: PlanAnswer | null;
  comparison: Comparison | null;
}

type Say = ReturnType<typeof useSay>;

export function HandOn(props: HandOnProps) {
  const say = useSay();
  const file = useStore((state) => state.file);
  const plan = openPlan(file);
  const items = [
    { label: say("hand_on.print"), hint: say("hand_on.print_hint"), run: () => window.print(), disabled: !props.answer },
    ...documents(file, plan, say),
    ...tables(props, file, plan, say),
    ...calendars(props, plan, say),
  ];
  return <Menu label={<>{say("hand_on.menu")} ▾</>} items={items} class="primary" right />;
}

function documents(file: PlansFile, plan: Plan, say: Say): MenuItem[] {
  return [
    {
      label: say("hand_on.plan"),
      hint: say("hand_on.plan_hint"),
      run: () => download(fileName(plan.name, ".yaml"), planText(plan), "application/yaml"),
    },
    {
      label: say("hand_on.plans"),
      hint: say("hand_on.plans_hint"),
      run: () => download(plansFileName(file), plansText(file), "application/yaml"),
    },
  ];
}

const TABLES = { outcomes: outcomesTable, courses: coursesTable, cost: costTable, compared: comparedTable };

function tables({ data, answer, comparison }: HandOnProps, file: PlansFile, plan: Plan, say: Say): MenuItem[] {
  const input = answer && ({ data, file, plan, answer, comparison, say } satisfies TableInput);
  const wait = say("hand_on.wait");
  return [
    { label: say("hand_on.tables") },
    ...Object.entries(TABLES)
      .filter(([name]) => name !== "compared" || file.plans.length > 1)
      .map(([name, make]): MenuItem => {
        const ready = input !== null && (name !== "compared" || comparison !== null);
        return {
          label: say(`hand_on.${name}`),
          hint: ready ? undefined : wait,
          disabled: !ready,
          run: () => {
            const text = input && make(input);
            if (text) download(fileName(plan.name, `, ${say(`hand_on.files.${name}`)}.csv`), text, "text/csv");
          },
        };
      }),
  ];
}

function calendars({ data, runner, answer }: HandOnProps, plan: Plan, say: Say): MenuItem[] {
  const scenario = runner && completed(plan, data);
  if (!runner || !scenario || !scenario.dosage.length) return [];
  const all = () => contacts(runner.engine, scenario, runner.sets.own(scenario));
  const name = (end: string) => fileName(plan.name, `, ${say("hand_on.files.calendar")}${end}`);
  const dated = scenario.start_date != null;
  const csv: MenuItem = {
    label: say("hand_on.calendar_all"),
    hint: say("hand_on.calendar_all_hint"),
    run: () => download(name(".csv"), calendarCsv(scenario, all(), data), "text/csv"),
  };
  if (!dated) return [{ label: say("hand_on.calendars") }, csv, { label: say("hand_on.calendar_dates") }];
  const one = (provider: string | null, label: string): MenuItem => ({
    label,
    run: () => {
      const end = provider === null ? ".ics" : ` ${readable(provider, data.words)}.ics`;
      download(name(end), calendarIcs(scenario, all(), provider, data), "text/calendar");
    },
  });
  const idle = new Set(answer?.planned.by_provider.filter((one) => !one.hours.some(Boolean)).map((one) => one.name));
  const providers = providerNames(scenario).filter((provider) => !idle.has(provider));
  return [
    { label: say("hand_on.calendars") },
    csv,
    one(null, say("hand_on.calendar_everybody")),
    ...(providers.length > 1
      ? providers.map((provider) => one(provider, say("hand_on.calendar_of", { provider: readable(provider, data.words) })))
      : []),
  ];
}

/** The plan with every default filled in; null where it has a mistake, which the verdict reports. */
function completed(plan: Plan, data: PageData) {
  try {
    return completer(data)(plan.scenario);
  } catch {
    return null;
  }
}
