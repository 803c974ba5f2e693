/** Random plans, and every edit of the setting with random arguments, for the tests of edits. */
import type { PageData, ScenarioData } from "../src/types";
import { withLog } from "../src/model/log";
import * as edits from "../src/setting/edits";
import { assignedOf, endOfTa, horizonOf, loggedWeeks, providersOf, regionsOf } from "../src/setting/read";
import { SITUATIONS } from "../src/setting/situations";

/** Random numbers from a seed. */
export class Chance {
  constructor(private state: number) {}

  number(): number {
    this.state = (Math.imul(this.state ^ (this.state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((this.state ^ (this.state >>> 13)) >>> 0) / 2 ** 32;
  }

  whole(low: number, high: number): number {
    return low + Math.floor(this.number() * (high - low + 1));
  }

  of<T>(values: readonly T[]): T {
    return values[this.whole(0, values.length - 1)];
  }

  maybe(): boolean {
    return this.number() < 0.5;
  }

  share(): number {
    return this.whole(0, 20) / 20;
  }
}

const HOSTILE = ["constructor", "__proto__", "toString", "<b>Nord</b>", "Zürich & Ost", "=1+1", "a\"b", "null", "𝒜 region"];

/** A valid random plan, which also has fields that the setting has no control for. */
export function drawnPlan(chance: Chance): ScenarioData {
  const horizon = chance.whole(60, 260);
  const count = chance.whole(1, 6);
  const names = chance.maybe() ? HOSTILE.slice(0, count) : null;
  const regions = names ?? Array.from({ length: count }, (_, i) => `region_${i + 1}`);
  const providers = chance.whole(1, 4);
  const all = chance.maybe();
  const plan: any = { name: "drawn", question: "kept?", description: "Kept\nas it is.", horizon_weeks: horizon };
  if (chance.maybe()) plan.start_date = "2027-01-06";
  plan.regions = { candidates: all ? count : count + 3, selection: all ? "all" : "readiest", count, network: { kind: "ring" } };
  if (names) plan.regions.names = names;
  if (chance.maybe()) {
    const override = { staff: 7, start: { trust: 0.2 }, network: { kind: "hub" } };
    plan.regions.overrides = Object.fromEntries([[chance.of(regions), override]]);
  }
  plan.providers = { count: providers, weekly_hours: chance.maybe() ? 20 : Array(providers).fill(0).map(() => chance.whole(1, 40)) };
  if (chance.maybe()) {
    plan.providers.assignment = Object.fromEntries(regions.map((name) => [name, `provider_${chance.whole(1, providers)}`]));
  }
  const logged = chance.number() < 0.3 ? chance.whole(1, 20) : 0;
  if (logged) {
    const row = (week: number) => ({ week, region: chance.of(regions), mode: "video", hours: 1.5 });
    plan.contact_log = { rows: [row(1), row(logged)] };
  }
  plan.dosage = Array.from({ length: chance.whole(0, 4) }, () => drawnSeries(chance, logged + 1, horizon));
  plan.shocks = Array.from({ length: chance.whole(0, 3) }, () => drawnEvent(chance, regions, providers, horizon));
  if (chance.maybe()) plan.delivery_work = { week: 10, until_week: 20, share: 0.1 };
  if (chance.maybe()) plan.parameters = { trust_step: 0.2 };
  if (chance.maybe() && plan.start_date) plan.skip = { months: [7], weeks: [3] };
  return plan;
}

function drawnSeries(chance: Chance, from: number, horizon: number): any {
  const first = chance.whole(from, horizon - 1);
  const one: any = { mode: chance.of(["onsite", "video", "phone", "email"]), every_weeks: chance.of([1, 2, 4, 4.5, 13, 26]), hours: chance.of([0, 0.5, 1.5, 4]) };
  if (first > 1) one.first_week = first;
  if (chance.maybe()) one.last_week = chance.whole(first, horizon);
  if (chance.maybe()) one.co_creation = chance.maybe() ? chance.share() : [0.2, 0.8];
  if (chance.maybe()) one.taper = chance.of([0, 0.5, 2]);
  if (chance.maybe()) one.functions = chance.of(["training", { learning: 0.5, review: 0.5 }]);
  if (chance.maybe()) one.invited = 0.5;
  return one;
}

function drawnEvent(chance: Chance, regions: string[], providers: number, horizon: number): any {
  const week = chance.whole(1, horizon);
  const where = chance.maybe() ? { region: chance.of(regions) } : {};
  return chance.of<any>([
    { kind: "provider_leaves", week, provider: `provider_${chance.whole(1, providers)}` },
    { kind: "staff_leave", week, share: chance.share(), ...where },
    { kind: "demand_rise", week, until_week: chance.whole(week, horizon), by: 0.1, ...where },
    { kind: "dosage_cut", week, factor: 0.5 },
  ]);
}

/** An edit with its arguments: what it may change, and how it is reversed where it can be. */
export interface Drawn {
  name: string;
  run(plan: ScenarioData): ScenarioData;
  may: string[]; // paths that it may change
  back?(plan: ScenarioData): ScenarioData;
}

/** One of each edit that this plan allows. */
export function drawnEdits(plan: ScenarioData, data: PageData, chance: Chance): Drawn[] {
  return [
    ...editsOfWhen(plan, data, chance),
    ...editsOfRegions(plan, data, chance),
    ...editsOfProviders(plan, data, chance),
    ...editsOfContacts(plan, data, chance),
    ...editsOfTheRest(plan, data, chance),
  ];
}

function editsOfWhen(plan: ScenarioData, { schema }: PageData, chance: Chance): Drawn[] {
  const found: Drawn[] = [];
  if (!plan.contact_log) {
    const [year, month] = [chance.whole(1990, 2100), chance.whole(0, 11)];
    found.push({ name: "start", run: (one) => edits.setStartMonth(one, year, month), may: ["start_date"], back: (one) => edits.withStart(one, plan.start_date ?? null) });
  }
  const moving = edits.movers(plan, schema);
  const range = edits.endRange(plan, schema);
  if (moving.length && range.minimum <= range.maximum) {
    const week = chance.whole(range.minimum, range.maximum);
    const end = endOfTa(plan, schema);
    found.push({ name: "end", run: (one) => edits.setEnd(one, week, schema), may: moving.map((i) => `dosage.${i}.last_week`), back: (one) => edits.setEnd(one, end, schema) });
  }
  const horizon = chance.whole(edits.leastHorizon(plan), 400);
  found.push({ name: "horizon", run: (one) => edits.setHorizon(one, horizon), may: ["horizon_weeks"], back: (one) => edits.setHorizon(one, horizonOf(plan, schema)) });
  return found;
}

function editsOfRegions(plan: ScenarioData, { schema }: PageData, chance: Chance): Drawn[] {
  const { names, count, selection } = regionsOf(plan, schema);
  const region = chance.of(names);
  const logged = edits.loggedRegions(plan);
  const own = ["regions.names", "regions.count", "regions.candidates"];
  const gone = ["regions.overrides", "shocks", "providers.assignment"];
  const staff = chance.whole(1, 40);
  const found: Drawn[] = [
    { name: "add region", run: (one) => edits.addRegion(one, schema), may: [...own, "providers.assignment"] },
    { name: "staff of one", run: (one) => edits.setRegionStaff(one, region, staff, schema), may: ["regions.overrides"] },
    { name: "situation", run: (one) => edits.setSituation(one, region, SITUATIONS[chance.of(Object.keys(SITUATIONS))]), may: ["regions.overrides"] },
    { name: "own number", run: (one) => edits.setOwn(one, region, chance.of(["trust", "demand", "leadership"]), chance.share()), may: ["regions.overrides"] },
    { name: "move region", run: (one) => edits.moveRegion(one, region, 1, schema), may: own, back: names.indexOf(region) < count - 1 ? (one) => edits.moveRegion(one, region, -1, schema) : undefined },
    { name: "rename region", run: (one) => edits.renameRegion(one, region, "Neu", schema), may: [...own, ...gone, "contact_log"], back: (one) => edits.renameRegion(one, "Neu", region, schema) },
    { name: "staff of all", run: (one) => edits.setRegions(one, { staff }), may: ["regions.staff"] },
    { name: "core team", run: (one) => edits.setRegions(one, { core_team: 0.5 }), may: ["regions.core_team"] },
    { name: "selection", run: (one) => edits.setSelection(one, selection === "all" ? "random" : "all", schema), may: ["regions.selection", ...own] },
  ];
  if (!logged.size) {
    const fewer = chance.whole(1, count);
    found.push({ name: "fewer regions", run: (one) => edits.setRegionCount(one, fewer, schema), may: [...own, ...gone] });
    const rows = [{ name: "North", staff: 4 }, { name: region, situation: SITUATIONS.ready }, { name: "constructor", own: { trust: 0.3 } }];
    const unique = rows.filter((row, i) => rows.findIndex((one) => one.name === row.name) === i);
    found.push({ name: "paste", run: (one) => edits.setRegionTable(one, unique, schema), may: [...own, ...gone] });
  }
  if (count > 1 && !logged.has(region)) {
    found.push({ name: "remove region", run: (one) => edits.removeRegion(one, region, schema), may: [...own, ...gone] });
  }
  return found;
}

function editsOfProviders(plan: ScenarioData, { schema }: PageData, chance: Chance): Drawn[] {
  const { names } = providersOf(plan, schema);
  const provider = chance.of(names);
  const region = chance.of(regionsOf(plan, schema).names);
  const own = ["providers", "shocks"];
  const hours = chance.whole(1, 60);
  const found: Drawn[] = [
    { name: "providers", run: (one) => edits.setProviderCount(one, chance.whole(1, 8), schema), may: own },
    { name: "rename provider", run: (one) => edits.renameProvider(one, provider, "Ann", schema), may: [...own, "contact_log"], back: (one) => edits.renameProvider(one, "Ann", provider, schema) },
    { name: "hours", run: (one) => edits.setProviderHours(one, hours, schema), may: ["providers.weekly_hours"] },
    { name: "hours of one", run: (one) => edits.setProviderHours(one, hours, schema, 0), may: ["providers.weekly_hours"] },
    { name: "hours each", run: (one) => edits.setHoursEach(one, true, schema), may: ["providers.weekly_hours"] },
    { name: "assign", run: (one) => edits.setAssigned(one, region, provider, schema), may: ["providers.assignment"], back: (one) => edits.setAssigned(one, region, assignedOf(plan, schema)[region], schema) },
    { name: "in turn", run: (one) => edits.setAssigned(one, null, "", schema), may: ["providers.assignment"] },
  ];
  if (names.length > 1) found.push({ name: "remove provider", run: (one) => edits.removeProvider(one, provider, schema), may: own });
  return found;
}

function editsOfContacts(plan: ScenarioData, data: PageData, chance: Chance): Drawn[] {
  const { schema } = data;
  const mode = chance.of(["onsite", "video", "phone", "email"]);
  const found: Drawn[] = [
    { name: "half the visits", run: (one) => edits.scaleRhythm(one, ["onsite"], 2, schema), may: plan.dosage.flatMap((one: any, i: number) => (one.mode === "onsite" ? [`dosage.${i}.every_weeks`] : [])) },
    { name: "twice the calls", run: (one) => edits.scaleRhythm(one, ["video", "phone"], 0.5, schema), may: plan.dosage.flatMap((one: any, i: number) => (["video", "phone"].includes(one.mode) ? [`dosage.${i}.every_weeks`] : [])) },
    { name: "visits by video", run: edits.visitsByVideo, may: plan.dosage.flatMap((one: any, i: number) => (one.mode === "onsite" ? [`dosage.${i}.mode`] : [])) },
  ];
  if (loggedWeeks(plan) < horizonOf(plan, schema)) {
    found.push({ name: "add contacts", run: (one) => edits.addSeries(one, mode, schema), may: [`dosage.${plan.dosage.length}`], back: (one) => edits.removeSeries(one, plan.dosage.length) });
  }
  if (!plan.dosage.length) return found;
  const index = chance.whole(0, plan.dosage.length - 1);
  const series = plan.dosage[index];
  const hours = chance.of([0.25, 2, 60]);
  const last = series.last_week ?? horizonOf(plan, schema);
  const week = chance.whole((series.first_week ?? 1) + 1, Math.max((series.first_week ?? 1) + 1, last));
  const mix = edits.sharesOfPercents(edits.mixedTo({ relationship: 25, learning: 25, planning: 15, review: 15, logistics: 20 }, "review", chance.whole(0, 100)));
  found.push(
    { name: "hours of contacts", run: (one) => edits.setSeries(one, index, { hours }), may: [`dosage.${index}.hours`], back: (one) => edits.setSeries(one, index, { hours: series.hours }) },
    { name: "what is done", run: (one) => edits.setFunctions(one, index, mix, data), may: [`dosage.${index}.functions`], back: (one) => edits.setFunctions(one, index, series.functions ?? null, data) },
    { name: "duplicate", run: (one) => edits.duplicateSeries(one, index), may: ["dosage"], back: (one) => edits.removeSeries(one, index + 1) },
    { name: "remove contacts", run: (one) => edits.removeSeries(one, index), may: ["dosage"] },
    { name: "split", run: (one) => edits.splitSeries(one, index, week, schema), may: ["dosage"] },
  );
  return found;
}

function editsOfTheRest(plan: ScenarioData, data: PageData, chance: Chance): Drawn[] {
  const { schema } = data;
  const horizon = horizonOf(plan, schema);
  const kind = chance.of(["provider_leaves", "staff_leave", "demand_rise", "dosage_cut"]);
  const at = plan.shocks.length;
  const found: Drawn[] = [
    { name: "add event", run: (one) => edits.addEvent(one, kind, chance.whole(1, horizon), schema), may: [`shocks.${at}`], back: (one) => edits.removeEvent(one, at) },
    { name: "price", run: (one) => edits.setCost(one, "staff_hour", 33.5), may: ["costs.staff_hour"] },
    { name: "seed", run: (one) => edits.setField(one, "seed", 7), may: ["seed"] },
    { name: "parameter", run: (one) => edits.setParameter(one, "trust_fade", 0.01), may: ["parameters.trust_fade"], back: (one) => edits.setParameter(one, "trust_fade", undefined) },
    { name: "delivery", run: (one) => edits.setDelivery(one, [...edits.deliveryOf(one), { week: 2, until_week: 30, share: 0.3 }]), may: ["delivery_work"], back: (one) => edits.setDelivery(one, edits.deliveryOf(one).slice(0, -1)) },
    { name: "weeks without contacts", run: (one) => edits.setSkip(one, "weeks", [5, 6]), may: ["skip.weeks"], back: (one) => edits.setSkip(one, "weeks", plan.skip?.weeks ?? []) },
    { name: "later", run: (one) => edits.shiftPlan(withoutLog(one), 9, schema), may: ["contact_log", "horizon_weeks", "dosage", "shocks", "delivery_work", "skip.weeks"] },
    { name: "without the log", run: edits.removeLog, may: ["contact_log"] },
  ];
  const rows = [1, 30].map((week) => ({ week, region: regionsOf(plan, schema).names[0], mode: "video", hours: 1 }));
  found.push({ name: "log", run: (one) => withLog(one, { rows, dated: false }, data).scenario, may: ["contact_log", "dosage"] });
  if (at) {
    const week = chance.whole(1, plan.shocks[0].until_week ?? horizon);
    found.push({ name: "when an event is", run: (one) => edits.setEvent(one, 0, { week }), may: ["shocks.0.week"], back: (one) => edits.setEvent(one, 0, { week: plan.shocks[0].week }) });
  }
  return found;
}

function withoutLog(plan: ScenarioData): ScenarioData {
  return edits.removeLog(plan);
}
