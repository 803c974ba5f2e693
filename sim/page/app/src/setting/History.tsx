/** The contact log: its summary, bringing one, removing it. */
import * as edits from "./edits";
import { Button, Group } from "./fields";
import { LogPaste } from "./LogPaste";
import type { Panel } from "./panel";
import { loggedWeeks, logRows, planStart, readable } from "./read";
import { grouped, listed } from "./say";
import { sayLost } from "./Regions";
import { weekText } from "./weekchoice";

export function History({ panel }: { panel: Panel }) {
  const { scenario, t } = panel;
  const rows = logRows(scenario);
  return (
    <Group name="history" title={t("history.title")} summary={historySummary(panel)}>
      {rows.length ? <LogSoFar panel={panel} rows={rows} /> : <p class="set-hint">{t("history.none_yet")}</p>}
      <LogPaste panel={panel} />
    </Group>
  );
}

export function historySummary(panel: Panel): string {
  const { scenario, t } = panel;
  const rows = logRows(scenario);
  if (!rows.length) return t("history.none");
  return t("history.summary", { count: rows.length, until: weekText(panel, loggedWeeks(scenario), "last") });
}

function LogSoFar({ panel, rows }: { panel: Panel; rows: any[] }) {
  const { scenario, data, edits: write, t } = panel;
  const first = rows.reduce((week, row) => Math.min(week, row.week), Infinity);
  const held = rows.filter((row) => (row.status ?? "held") === "held");
  const cancelled = rows.length - held.length;
  const hours = held.reduce((sum, row) => sum + row.hours, 0);
  const regions = [...new Set(rows.map((row) => row.region as string))].map((name) => readable(name, data.words));
  const some = regions.length > 6 ? [...regions.slice(0, 5), t("history.more_regions", { count: regions.length - 5 })] : regions;
  const remove = () => {
    write.scenario(t("step.remove_log"), edits.removeLog);
    sayLost(panel, t("history.removed", { count: rows.length }), []);
  };
  const facts: [string, string][] = [
    [t("history.contacts"), t("history.held", { held: grouped(held.length), cancelled: grouped(cancelled) })],
    [t("history.hours"), t("history.hours_held", { hours: grouped(Number(hours.toFixed(1))) })],
    [t("history.when"), t("history.from_to", { from: weekText(panel, first), to: weekText(panel, loggedWeeks(scenario), "last") })],
    [t("history.regions"), listed(some, t("line.and"))],
    [t("history.here"), here(panel)],
  ];
  return (
    <>
      <dl class="set-facts">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <div class="set-actions">
        <Button kind="danger" onPress={remove}>
          {t("history.remove")}
        </Button>
      </div>
    </>
  );
}

function here(panel: Panel): string {
  const { scenario, t } = panel;
  const logged = loggedWeeks(scenario);
  if (!scenario.dosage?.length) return t("history.here_stop", { month: weekText(panel, logged, "last") });
  return t("history.here_on", { month: weekText(panel, logged, "last"), next: weekText(panel, planStart(scenario)) });
}

