/** Brings a contact log from a file or spreadsheet rows: it is shown as understood, then applied. */
import { extent } from "d3-array";
import { useId, useState } from "preact/hooks";
import { type DayOrder, faultTexts, type LogRead, readLog, remarksOn } from "../model/logtable";
import { meantBy, type Take, withLog } from "../model/log";
import { OPEN_FILES, takeLog } from "../ui/documents";
import { Button, Check, Choice, entered } from "./fields";
import type { Panel } from "./panel";
import { horizonOf, logRows, rangeOf, readable } from "./read";
import { dayName, dayOf } from "./weeks";

const FAULTS_SHOWN = 5;

export function LogPaste({ panel }: { panel: Panel }) {
  const { scenario, data, t } = panel;
  const id = useId();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [order, setOrder] = useState<DayOrder | null>(null);
  const [takeRegions, setTakeRegions] = useState(true);
  const [takeProviders, setTakeProviders] = useState(true);
  const table = text.trim() ? readLog(text, data, order) : null;
  const taking = { regions: takeRegions, providers: takeProviders };
  const read = table !== null && !table.faults.length && !(table.ambiguous && !order);
  const { strangers, gone } = read ? withLog(scenario, table, data, taking) : { strangers: { region: [], provider: [] }, gone: [] };
  const problems = table ? problemsOf(panel, table, order, taking, strangers) : [];
  const meant = meantBy(strangers, scenario, data).map((one) => t("history.meant", one));
  const remarks = table ? remarksOn(table, (path, values) => t(`history.${path}`, values)) : [];
  const close = () => {
    setOpen(false);
    setText("");
  };
  if (!open) {
    return (
      <div class="set-actions">
        <Button kind="quiet" onPress={() => setOpen(true)}>
          {t(logRows(scenario).length ? "history.bring_other" : "history.bring")}
        </Button>
      </div>
    );
  }
  return (
    <div class="set-paste">
      <label for={id}>{t("history.label")}</label>
      <textarea id={id} ref={entered} rows={5} spellcheck={false} value={text} placeholder={t("history.example")} onInput={(event) => setText(event.currentTarget.value)} />
      <label class="set-field">
        <span>{t("history.file")}</span>
        <input
          type="file"
          accept=".csv,.tsv,.txt,.xlsx,.xlsm"
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = ""; // lets the same file be chosen again
            window.dispatchEvent(new CustomEvent(OPEN_FILES, { detail: { files, as: "log" } }));
          }}
        />
      </label>
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
      {strangers.region.length > 0 && (
        <Check label={t("history.take_regions", { count: allOf(table!, "region"), names: some(panel, strangers.region) })} value={takeRegions} onValue={setTakeRegions} />
      )}
      {strangers.provider.length > 0 && (
        <Check label={t("history.take_providers", { count: allOf(table!, "provider"), names: some(panel, strangers.provider) })} value={takeProviders} onValue={setTakeProviders} />
      )}
      {gone.length > 0 && <p class="set-hint">{t("history.gone", { count: gone.length, names: some(panel, gone) })}</p>}
      {meant.length > 0 && <p class="set-hint">{meant.join(" ")}</p>}
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
          {[t("history.understood", { count: table.rows.length }), ...remarks].join(" ")}
        </p>
      )}
      <div class="set-actions">
        <Button
          disabled={!table || problems.length > 0}
          onPress={() => {
            panel.edits.settle();
            if (takeLog(panel.store, table!, remarks, t("history.pasted"), taking)) close();
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

function allOf(table: LogRead, field: "region" | "provider"): number {
  return new Set(table.rows.map((row) => row[field]).filter(Boolean)).size;
}

function some(panel: Panel, names: string[]): string {
  const shown = names.slice(0, 3).map((name) => readable(name, panel.data.words));
  return shown.join(", ") + (names.length > 3 ? " …" : "");
}

/** The first and the last day of a log, in words. */
function endsOf({ rows }: LogRead): { first: string; last: string } {
  const [first, last] = extent(rows, (row) => row.date as string).map((day) => dayName(dayOf(day)!));
  return { first, last };
}

/** Sentences on everything that prevents applying a log. */
function problemsOf(panel: Panel, table: LogRead, order: DayOrder | null, take: Take, strangers: { region: string[]; provider: string[] }): string[] {
  const { t, scenario, data } = panel;
  if (table.ambiguous && !order) return [t("history.choose_order")];
  const found = faultTexts(table.faults, (path, values) => t(`history.${path}`, values));
  if (found.length) return found;
  if (strangers.region.length && !take.regions) found.push(t("history.faults.regions", { names: some(panel, strangers.region) }));
  if (strangers.provider.length && !take.providers) found.push(t("history.faults.providers", { names: some(panel, strangers.provider) }));
  const longest = rangeOf(data.schema, "", "horizon_weeks").maximum;
  if (horizonOf(withLog(scenario, table, data, take).scenario, data.schema) > longest) found.push(t("history.faults.long", { most: longest, ...endsOf(table) }));
  return found;
}
