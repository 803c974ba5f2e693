/** The regions: a table of names, staff and situations; how they are chosen; a table pasted from a spreadsheet. */
import { useState } from "preact/hooks";
import * as edits from "./edits";
import { Button, Choice, Group, NumberField, TextField } from "./fields";
import { nameProblem } from "./names";
import { Paste } from "./Paste";
import type { Panel } from "./panel";
import { choicesOf, defaultOf, held, rangeOf, readable, regionsOf, staffOf } from "./read";
import { grouped, listed, shown } from "./say";
import { ownValues, SITUATIONS, situationOf, START_FIELDS, typicalOf } from "./situations";

const FIRST = 12; // regions shown at first; each press adds MORE
const MORE = 50;

export function Regions({ panel }: { panel: Panel }) {
  const { scenario, data, t } = panel;
  const { names, count } = regionsOf(scenario, data.schema);
  const [visible, setVisible] = useState(FIRST);
  const [pasting, setPasting] = useState(false);
  const [open, setOpen] = useState<string | null>(null);
  const some = names.slice(0, visible);
  return (
    <Group name="regions" title={t("regions.title")} summary={regionsSummary(panel)} open>
      <table class="set-table">
        <thead>
          <tr>
            <th>{t("regions.region")}</th>
            <th>{t("regions.staff")}</th>
            <th>{t("regions.situation")}</th>
            <th>
              <span class="unseen">{t("regions.actions")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {some.map((name) => (
            <Row key={name} panel={panel} name={name} open={open === name} onOpen={() => setOpen(open === name ? null : name)} />
          ))}
        </tbody>
      </table>
      <div class="set-actions">
        {count > visible && (
          <Button kind="quiet" onPress={() => setVisible(visible + MORE)}>
            {t("regions.more", { count: Math.min(MORE, count - visible) })}
          </Button>
        )}
        <Button kind="quiet" onPress={() => panel.edits.scenario(t("step.add_region"), (one) => edits.addRegion(one, data.schema))}>
          {t("regions.add")}
        </Button>
        <Button kind="quiet" onPress={() => setPasting(!pasting)} expanded={pasting}>
          {t("regions.paste")}
        </Button>
      </div>
      {pasting && <Paste panel={panel} onDone={() => setPasting(false)} />}
      <Chosen panel={panel} />
    </Group>
  );
}

export function regionsSummary(panel: Panel): string {
  const { scenario, data, t } = panel;
  const { names } = regionsOf(scenario, data.schema);
  const staff = names.reduce((sum, name) => sum + staffOf(scenario, data.schema, name), 0);
  const special = names.filter((name) => situationOf(held(scenario.regions?.overrides, name)) !== "typical").length;
  const parts = [t("regions.count", { count: names.length }), t("regions.staff_count", { count: grouped(staff) })];
  if (special) parts.push(t("regions.special", { count: special }));
  return parts.join(" · ");
}

// --- one region ----------------------------------------------------------------------------------

function Row({ panel, name, open, onOpen }: { panel: Panel; name: string; open: boolean; onOpen(): void }) {
  const { scenario, data, edits: write, t } = panel;
  const { names } = regionsOf(scenario, data.schema);
  const shownName = readable(name, data.words);
  const override = held<any>(scenario.regions?.overrides, name);
  const situation = situationOf(override);
  const renamed = (to: string) => write.scenario(t("step.region_name"), (one) => edits.renameRegion(one, name, to, data.schema));
  const chosen = (key: string) => {
    if (key === "own") {
      onOpen();
      return;
    }
    write.scenario(t("step.situation"), (one) => edits.setSituation(one, name, SITUATIONS[key]));
  };
  const options = [...Object.keys(SITUATIONS), "own"].map((key) => ({ value: key, label: t(`situations.${key}.label`) }));
  const others = names.filter((one) => one !== name);
  const same = (typed: string) => (typed === shownName ? name : typed);
  return (
    <>
      <tr class={situation === "typical" ? "" : "set-special"}>
        <td>
          <TextField
            panel={panel}
            label={t("regions.name_of", { region: shownName })}
            quiet
            value={shownName}
            check={(typed) => nameProblem(panel, same(typed), others)}
            onValue={(typed) => same(typed) !== name && renamed(typed)}
          />
        </td>
        <td>
          <NumberField
            panel={panel}
            label={t("regions.staff_of", { region: shownName })}
            quiet
            narrow
            value={staffOf(scenario, data.schema, name)}
            limits={rangeOf(data.schema, "RegionOverride", "staff")}
            onValue={(value) =>
              write.scenario(t("step.staff"), (one) => edits.setRegionStaff(one, name, value, data.schema), `staff.${name}`)
            }
          />
        </td>
        <td>
          <Choice label={t("regions.situation_of", { region: shownName })} quiet value={situation} options={options} onValue={chosen} />
        </td>
        <td>
          <Button kind="icon" label={t("regions.more_of", { region: shownName })} expanded={open} onPress={onOpen}>
            ⋯
          </Button>
        </td>
      </tr>
      {open && (
        <tr class="set-detail">
          <td colSpan={4}>
            <RegionDetail panel={panel} name={name} situation={situation} override={override} />
          </td>
        </tr>
      )}
    </>
  );
}

function RegionDetail({ panel, name, situation, override }: { panel: Panel; name: string; situation: string; override: any }) {
  const { scenario, data, edits: write, t } = panel;
  const { names } = regionsOf(scenario, data.schema);
  const region = readable(name, data.words);
  const logged = edits.loggedRegions(scenario).has(name);
  const at = names.indexOf(name);
  const move = (by: number) => write.scenario(t("step.region_order"), (one) => edits.moveRegion(one, name, by, data.schema));
  return (
    <>
      <div class="set-actions">
        <Button kind="quiet" disabled={at === 0} label={t("regions.up_of", { region })} onPress={() => move(-1)}>
          <span aria-hidden="true">↑</span> {t("regions.up")}
        </Button>
        <Button kind="quiet" disabled={at === names.length - 1} label={t("regions.down_of", { region })} onPress={() => move(1)}>
          <span aria-hidden="true">↓</span> {t("regions.down")}
        </Button>
        <Button kind="danger" disabled={names.length === 1 || logged} label={t("regions.remove_of", { region })} onPress={() => removed(panel, name)}>
          {t("regions.remove")}
        </Button>
      </div>
      {logged && <p class="set-hint">{t("regions.logged")}</p>}
      <p class="set-hint">{t(`situations.${situation}.says`)}</p>
      <div class="set-grid">
        {START_FIELDS.map((field) => (
          <OwnValue key={field} panel={panel} name={name} field={field} value={ownValues(override)[field] ?? null} />
        ))}
      </div>
      <p class="set-hint">{t("regions.assumptions")}</p>
      {override?.network && <p class="set-hint">{t("regions.own_network")}</p>}
      {situation !== "typical" && (
        <Button kind="quiet" onPress={() => write.scenario(t("step.situation"), (one) => edits.setSituation(one, name, {}))}>
          {t("regions.typical_again")}
        </Button>
      )}
    </>
  );
}

/** One start value; an empty field means the typical value, which it shows as its placeholder. */
function OwnValue({ panel, name, field, value }: { panel: Panel; name: string; field: string; value: number | null }) {
  const { scenario, data, edits: write, t } = panel;
  const typical = typicalOf(field, data, scenario.parameters);
  const set = (next: number | undefined) =>
    write.scenario(t("step.own_numbers"), (one) => edits.setOwn(one, name, field, next), `own.${name}.${field}`);
  const limits = field === "leadership" ? rangeOf(data.schema, "RegionOverride", field) : rangeOf(data.schema, "Start", field);
  return (
    <NumberField
      panel={panel}
      label={t(`regions.start.${field}`)}
      value={value}
      limits={limits}
      step={0.05}
      narrow
      placeholder={typical === null ? "" : t("regions.typical", { value: shown(typical) })}
      onValue={set}
      onEmpty={() => set(undefined)}
    />
  );
}

/** Removes a region and gives a notice of what went with it, from which it can be undone. */
function removed(panel: Panel, name: string): void {
  const { data, scenario, edits: write, t } = panel;
  const lost = lostWith(panel, [name]);
  write.scenario(t("step.remove_region"), (one) => edits.removeRegion(one, name, data.schema));
  if (regionsOf(scenario, data.schema).count === 1) return;
  sayLost(panel, t("regions.removed", { region: readable(name, data.words) }), lost);
}

/** Sentences on the overrides and events that are removed together with some regions. */
function lostWith(panel: Panel, names: string[]): string[] {
  const { scenario, data, t } = panel;
  const found: string[] = [];
  for (const name of names) {
    const region = readable(name, data.words);
    const override = held<any>(scenario.regions?.overrides, name);
    if (override) found.push(t("regions.lost_override", { region, what: t(`situations.${situationOf(override)}.label`) }));
    const events = (scenario.shocks ?? []).filter((one: any) => one.region === name).length;
    if (events) found.push(t("regions.lost_events", { region, count: events }));
  }
  return found;
}

export function sayLost(panel: Panel, text: string, lost: string[]): void {
  const { store, t } = panel;
  const some = lost.slice(0, 5);
  const more = lost.length - some.length;
  const all = lost.length ? `${text} ${t("regions.lost", { what: listed(some, t("line.and")) })}${more > 0 ? ` ${t("regions.lost_more", { count: more })}` : ""}` : text;
  store.tell("setting", all);
}

// --- how they are chosen, and what all of them share ------------------------------------------------

function Chosen({ panel }: { panel: Panel }) {
  const { scenario, data, edits: write, t } = panel;
  const { count, candidates, selection, staff } = regionsOf(scenario, data.schema);
  const schema = data.schema;
  const regions = scenario.regions ?? {};
  const network = typeof regions.network === "string" ? { kind: regions.network } : regions.network ?? {};
  const kind = network.kind ?? defaultOf(schema, "Network", "kind");
  const logged = [...edits.loggedRegions(scenario)].map((name) => regionsOf(scenario, schema).names.indexOf(name) + 1);
  const units = rangeOf(schema, "Regions", "count");
  const least = Math.max(1, ...logged);
  const setCount = (value: number) => {
    const names = regionsOf(scenario, schema).names;
    const lost = lostWith(panel, names.slice(value));
    write.scenario(t("step.region_count"), (one) => edits.setRegionCount(one, value, schema), "regions.count");
    if (lost.length) sayLost(panel, t("regions.fewer", { count: value }), lost);
    else panel.store.dismiss("setting"); // nothing is lost: a notice from a smaller number no longer holds
  };
  const kinds = choicesOf(schema, "Network", "kind").filter((one) => one !== "file" || kind === "file");
  const setNetwork = (patch: Record<string, any>, id?: string) =>
    write.scenario(t("step.network"), (one) => edits.setRegions(one, { network: { ...network, ...patch } }), id);
  return (
    <details class="set-more">
      <summary>{t("regions.all_title")}</summary>
      <div class="set-grid">
        <NumberField
          panel={panel}
          label={t("regions.number")}
          narrow
          value={count}
          limits={{ ...units, minimum: least }}
          why={least > 1 ? t("regions.logged_range") : ""}
          onValue={setCount}
        />
        <NumberField
          panel={panel}
          label={t("regions.staff_each")}
          narrow
          value={staff}
          limits={rangeOf(schema, "Regions", "staff")}
          onValue={(value) => write.scenario(t("step.staff"), (one) => edits.setRegions(one, { staff: value }), "regions.staff")}
        />
        <NumberField
          panel={panel}
          label={t("regions.core_team")}
          narrow
          percent
          step={0.05}
          value={regions.core_team ?? defaultOf(schema, "Regions", "core_team")}
          limits={{ ...rangeOf(schema, "Regions", "core_team"), above: Boolean(scenario.dosage?.length || scenario.contact_log) }}
          onValue={(value) => write.scenario(t("step.core_team"), (one) => edits.setRegions(one, { core_team: value }), "regions.core")}
        />
      </div>
      <Choice
        label={t("regions.selection")}
        value={selection}
        options={choicesOf(schema, "Regions", "selection").map((one) => ({ value: one, label: t(`regions.selections.${one}`) }))}
        onValue={(value) => write.scenario(t("step.selection"), (one) => edits.setSelection(one, value, schema))}
      />
      {selection !== "all" && (
        <NumberField
          panel={panel}
          label={t("regions.candidates")}
          narrow
          value={candidates}
          limits={{ ...rangeOf(schema, "Regions", "candidates"), minimum: count }}
          why={t("regions.candidates_range")}
          onValue={(value) => write.scenario(t("step.selection"), (one) => edits.setRegions(one, { candidates: value }), "regions.candidates")}
        />
      )}
      <Choice
        label={t("regions.network")}
        value={kind}
        disabled={kind === "file"}
        options={kinds.map((one) => ({ value: one, label: t(`regions.networks.${one}`) }))}
        onValue={(value) => setNetwork({ kind: value })}
      />
      {(kind === "small_world" || kind === "random") && (
        <div class="set-grid">
          <NumberField
            panel={panel}
            label={t("regions.neighbours")}
            narrow
            value={network.neighbours ?? defaultOf(schema, "Network", "neighbours")}
            limits={rangeOf(schema, "Network", "neighbours")}
            onValue={(value) => setNetwork({ neighbours: value }, "network.neighbours")}
          />
          {kind === "small_world" && (
            <NumberField
              panel={panel}
              label={t("regions.rewiring")}
              narrow
              percent
              step={0.05}
              value={network.rewiring ?? defaultOf(schema, "Network", "rewiring")}
              limits={rangeOf(schema, "Network", "rewiring")}
              onValue={(value) => setNetwork({ rewiring: value }, "network.rewiring")}
            />
          )}
        </div>
      )}
    </details>
  );
}

