/** A table of regions pasted from a spreadsheet: it is shown as understood, and applied once it has no faults. */
import { useId, useState } from "preact/hooks";
import * as edits from "./edits";
import { Button, Check, entered } from "./fields";
import type { Panel } from "./panel";
import { type Pasted, readPasted, type RowFault, type Understood, understand } from "./table";
import { rangeOf, regionsOf } from "./read";
import { grouped } from "./say";
import { sayLost } from "./Regions";
import { SITUATIONS, START_FIELDS } from "./situations";

const ROWS_SHOWN = 5;
const FAULTS_SHOWN = 6;

export function Paste({ panel, onDone }: { panel: Panel; onDone(): void }) {
  const { data, edits: write, t } = panel;
  const id = useId();
  const [pasted, setPasted] = useState<Pasted | null>(null);
  const labels = Object.fromEntries(Object.keys(SITUATIONS).map((key) => [key, t(`situations.${key}.label`)]));
  const limits = {
    staff: rangeOf(data.schema, "Regions", "staff").maximum,
    regions: rangeOf(data.schema, "Regions", "count").maximum,
  };
  const table = pasted?.cells.length ? pasted : null;
  const outcome = table && understand(table, limits, labels);
  const missing = outcome ? missingLogged(panel, outcome.rows.map((row) => row.name)) : [];
  const apply = () => {
    const before = regionsOf(panel.scenario, data.schema).names;
    const now = new Set(outcome!.rows.map((row) => row.name));
    const gone = before.filter((name) => !now.has(name) && edits.specialOf(panel.scenario, name));
    write.scenario(t("step.paste"), (one) => edits.setRegionTable(one, outcome!.rows, data.schema));
    sayLost(panel, t("paste.applied", { count: outcome!.rows.length }), gone);
    onDone();
  };
  return (
    <div class="set-paste">
      <label for={id}>{t("paste.label")}</label>
      <textarea id={id} ref={entered} rows={4} spellcheck={false} placeholder={t("paste.example")} onInput={(event) => setPasted(readPasted(event.currentTarget.value))} />
      {table && outcome && (
        <>
          <Check label={t("paste.headed")} value={table.headed} onValue={(headed) => setPasted({ ...table, headed })} />
          <Preview panel={panel} pasted={table} onChange={setPasted} />
          {outcome.faults.length > 0 ? (
            <Faults panel={panel} faults={outcome.faults} limits={limits} />
          ) : (
            <p class="set-hint" role="status">
              {understoodText(panel, table, outcome)}
            </p>
          )}
          {missing.length > 0 && <p class="set-problem">{t("paste.logged", { names: missing.slice(0, 3).join(", ") })}</p>}
        </>
      )}
      <div class="set-actions">
        <Button disabled={!outcome || outcome.faults.length > 0 || missing.length > 0} onPress={apply}>
          {t("paste.apply")}
        </Button>
        <Button kind="quiet" onPress={onDone}>
          {t("paste.cancel")}
        </Button>
      </div>
    </div>
  );
}

/** Regions of the log that a new table does not have. */
function missingLogged(panel: Panel, names: string[]): string[] {
  const there = new Set(names);
  return [...edits.loggedRegions(panel.scenario)].filter((name) => !there.has(name));
}

function understoodText(panel: Panel, pasted: Pasted, { rows, totals, people }: Understood): string {
  const { t } = panel;
  const parts = [t("paste.understood", { count: rows.length })];
  if (people) parts.push(t("paste.people", { people: grouped(people) }));
  else if (pasted.kinds.includes("staff")) parts.push(t("paste.with_staff", { count: rows.filter((row) => row.staff).length }));
  const own = rows.filter((row) => row.own || row.situation).length;
  if (own) parts.push(t("paste.with_own", { count: own }));
  const unread = pasted.kinds.filter((kind) => kind === "nothing").length;
  if (unread) parts.push(t("paste.unread", { count: unread }));
  if (pasted.above) parts.push(t("paste.above", { count: pasted.above }));
  if (totals.length) parts.push(t("paste.totals", { count: totals.length, names: totals.join(", ") }));
  return parts.join(" ");
}

function Preview({ panel, pasted, onChange }: { panel: Panel; pasted: Pasted; onChange(pasted: Pasted): void }) {
  const { t } = panel;
  const kinds = ["nothing", "name", "staff", "situation", ...START_FIELDS];
  const change = (place: number, kind: string) => {
    const next = pasted.kinds.map((one, i) => (i === place ? kind : one === kind ? "nothing" : one));
    onChange({ ...pasted, kinds: next });
  };
  const body = pasted.cells.slice(pasted.headed ? 1 : 0);
  return (
    <div class="scroll-x" tabIndex={0} role="group" aria-label={t("paste.preview")}>
      <table class="set-preview">
        <thead>
          <tr>
            {pasted.kinds.map((kind, i) => (
              <th key={i}>
                <select
                  aria-label={t("paste.column", { number: i + 1, heading: pasted.headed ? pasted.cells[0][i] : "" })}
                  value={kind}
                  onChange={(event) => change(i, event.currentTarget.value)}
                >
                  {kinds.map((one) => (
                    <option key={one} value={one} selected={one === kind}>
                      {t(`paste.kinds.${one}`)}
                    </option>
                  ))}
                </select>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.slice(0, ROWS_SHOWN).map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j} class={pasted.kinds[j] === "nothing" ? "muted" : ""}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {body.length > ROWS_SHOWN && <p class="set-hint">{t("paste.more_rows", { count: body.length - ROWS_SHOWN })}</p>}
    </div>
  );
}

/** The first few faults, each with its row, and how many more there are. */
function Faults({ panel, faults, limits }: { panel: Panel; faults: RowFault[]; limits: { staff: number; regions: number } }) {
  const { t } = panel;
  const some = faults.slice(0, FAULTS_SHOWN);
  return (
    <ul class="set-problem" role="alert">
      {some.map((one) => (
        <li key={`${one.row}${one.fault}${one.text}`}>{t(`paste.faults.${one.fault}`, { row: one.row, text: one.text, staff: grouped(limits.staff), regions: grouped(limits.regions) })}</li>
      ))}
      {faults.length > some.length && <li>{t("paste.more_faults", { count: faults.length - some.length })}</li>}
    </ul>
  );
}
