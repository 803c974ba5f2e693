/** Brings a contact log: a file or rows from a spreadsheet, shown as they were understood, then applied. */
import { useId, useState } from "preact/hooks";
import type { ScenarioData } from "../types";
import * as edits from "./edits";
import { Button, Check, Choice } from "./fields";
import { type DayOrder, type LogTable, readLog } from "./logtable";
import type { Panel } from "./panel";
import { horizonOf, logRows, rangeOf, readable, startOf } from "./read";
import { grouped } from "./say";
import { dayOf } from "./weeks";
import { sayLost } from "./Regions";

const FAULTS_SHOWN = 5;
const LARGEST = 5_000_000; // characters
const TABLES = /\.(csv|tsv|txt)$/i;
const WEEK = 7 * 86_400_000;

export function LogPaste({ panel }: { panel: Panel }) {
  const { scenario, data, t } = panel;
  const id = useId();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [order, setOrder] = useState<DayOrder | null>(null);
  const [takeRegions, setTakeRegions] = useState(true);
  const [takeProviders, setTakeProviders] = useState(true);
  const [fileProblem, setFileProblem] = useState("");
  const table = text.trim() ? readLog(text, scenario, data, order) : null;
  const choices = { regions: takeRegions, providers: takeProviders };
  const problems = table ? problemsOf(panel, table, order, choices) : [];
  const close = () => {
    setOpen(false);
    setText("");
  };
  if (!open) {
    return (
      <Button kind="quiet" onPress={() => setOpen(true)}>
        {t(logRows(scenario).length ? "history.bring_other" : "history.bring")}
      </Button>
    );
  }
  return (
    <div
      class="set-paste"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        const file = event.dataTransfer?.files[0];
        if (!file || !TABLES.test(file.name)) return; // the page reads it as any other file
        event.preventDefault();
        event.stopPropagation();
        readFile(panel, file, setText, setFileProblem);
      }}
    >
      <label for={id}>{t("history.label")}</label>
      <textarea id={id} rows={5} spellcheck={false} value={text} placeholder={t("history.example")} onInput={(event) => setText(event.currentTarget.value)} />
      <label class="set-field">
        <span>{t("history.file")}</span>
        <input type="file" accept=".csv,.tsv,.txt" onChange={(event) => readFile(panel, event.currentTarget.files?.[0], setText, setFileProblem)} />
      </label>
      {fileProblem && (
        <p class="set-problem" role="alert">
          {fileProblem}
        </p>
      )}
      {table?.ambiguous && (
        <Choice
          label={t("history.order")}
          value={order ?? ""}
          options={[
            { value: "", label: t("history.order_choose") },
            { value: "day", label: t("history.order_day") },
            { value: "month", label: t("history.order_month") },
          ]}
          onValue={(value) => setOrder((value || null) as DayOrder | null)}
        />
      )}
      {table && table.regions.length > 0 && (
        <Check label={t("history.take_regions", { count: allOf(table, "region"), names: some(panel, table.regions) })} value={takeRegions} onValue={setTakeRegions} />
      )}
      {table && table.providers.length > 0 && (
        <Check label={t("history.take_providers", { count: allOf(table, "provider"), names: some(panel, table.providers) })} value={takeProviders} onValue={setTakeProviders} />
      )}
      {problems.length > 0 && (
        <ul class="set-problem" role="alert">
          {problems.slice(0, FAULTS_SHOWN).map((one) => (
            <li key={one}>{one}</li>
          ))}
          {problems.length > FAULTS_SHOWN && <li>{t("paste.more_faults", { count: problems.length - FAULTS_SHOWN })}</li>}
        </ul>
      )}
      {table && !problems.length && (
        <p class="set-hint" role="status">
          {t("history.understood", { count: table.rows.length })}
        </p>
      )}
      <div class="set-actions">
        <Button
          disabled={!table || problems.length > 0}
          onPress={() => {
            apply(panel, table!, choices);
            close();
          }}
        >
          {t("history.apply")}
        </Button>
        <Button kind="quiet" onPress={close}>
          {t("paste.cancel")}
        </Button>
      </div>
    </div>
  );
}

function allOf(table: LogTable, field: "region" | "provider"): number {
  return new Set(table.rows.map((row) => row[field]).filter(Boolean)).size;
}

function some(panel: Panel, names: string[]): string {
  const shown = names.slice(0, 3).map((name) => readable(name, panel.data.words));
  return shown.join(", ") + (names.length > 3 ? " …" : "");
}

function readFile(panel: Panel, file: File | undefined, done: (text: string) => void, refuse: (text: string) => void): void {
  if (!file) return;
  refuse("");
  const name = file.name.slice(0, 60);
  if (!TABLES.test(file.name)) refuse(panel.t("history.not_text", { name }));
  else if (file.size > LARGEST) refuse(panel.t("history.too_large", { name, most: LARGEST / 1e6 }));
  else file.text().then(done, () => refuse(panel.t("history.unread", { name })));
}

/** What stands in the way of a log, equal causes together. */
function problemsOf(panel: Panel, table: LogTable, order: DayOrder | null, take: { regions: boolean; providers: boolean }): string[] {
  const { t, scenario, data } = panel;
  if (table.ambiguous && !order) return [t("history.choose_order")];
  const groups = new Map<string, { count: number; row: number; text: string }>();
  for (const one of table.faults) {
    const group = groups.get(one.fault);
    if (group) group.count += 1;
    else groups.set(one.fault, { count: 1, row: one.row, text: one.text });
  }
  const found = [...groups].map(([fault, { count, row, text }]) => {
    const more = count > 1 ? ` ${t("history.also", { count: grouped(count - 1) })}` : "";
    return t(`history.faults.${fault}`, { row, text }) + more;
  });
  if (table.regions.length && !take.regions) found.push(t("history.faults.regions", { names: some(panel, table.regions) }));
  if (table.providers.length && !take.providers) found.push(t("history.faults.providers", { names: some(panel, table.providers) }));
  const last = table.rows.reduce((week, row) => Math.max(week, row.week ?? 0), 0);
  const longest = rangeOf(data.schema, "", "horizon_weeks").maximum;
  const shift = earlier(scenario, table.start);
  if (last > longest || horizonOf(scenario, data.schema) + shift > longest) found.push(t("history.faults.long", { most: longest }));
  return found;
}

/** Weeks by which the log begins before the plan does. */
function earlier(scenario: ScenarioData, start: string | null): number {
  const [own, first] = [startOf(scenario), dayOf(start)];
  return own && first && first < own ? Math.round((own.getTime() - first.getTime()) / WEEK) : 0;
}

function apply(panel: Panel, table: LogTable, take: { regions: boolean; providers: boolean }): void {
  const { data, edits: write, t } = panel;
  const told = { moved: 0, dropped: 0 };
  write.scenario(t("step.log"), (one) => {
    let plan = edits.shiftPlan(one, earlier(one, table.start), data.schema);
    if (table.regions.length && take.regions) plan = edits.regionsOfLog(plan, table.rows, data.schema);
    if (table.providers.length && take.providers) plan = edits.providersOfLog(plan, table.rows, data.schema);
    const logged = edits.setLog(plan, table.rows, table.start, data.schema);
    Object.assign(told, { moved: logged.moved, dropped: logged.dropped });
    return logged.scenario;
  });
  const lost = [
    told.moved ? t("history.moved", { count: told.moved }) : "",
    told.dropped ? t("history.dropped", { count: told.dropped }) : "",
  ].filter(Boolean);
  sayLost(panel, [t("history.applied", { count: table.rows.length }), ...lost].join(" "), []);
}
