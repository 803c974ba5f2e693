/** Every contact that a scenario plans or has logged, as in sim.model.dosage.planned_contacts. */
import type { Scenario } from "../types";
import { providerNames, regionNames } from "./complete";
import type { Engine } from "./engine";
import { tabulate, type Tables } from "./job";

export interface Contact {
  week: number;
  region: string;
  provider: string;
  mode: string;
  timing: string;
  hours: number; // after taper and cuts
  co_creation: number;
  functions: Record<string, number> | null; // null: the reference mix
  seats: number; // people invited
  preparation_hours: number; // at the scenario's own settings
  travel_hours: number;
}

type Read = (row: number, field: string) => number;

/** Contacts by week, region and place in the file.
 *
 * parameters: a set in the order of layout.parameters, the scenario's own.
 */
export function contacts(engine: Engine, scenario: Scenario, parameters: Float64Array): Contact[] {
  const { layout } = engine;
  const tables = tabulate(engine, scenario, parameters[layout.parameters.indexOf("calendar_stagger")]);
  const [regions, providers] = [regionNames(scenario), providerNames(scenario)];
  const read = reader(engine, tables);
  const time = timeOf(engine, tables, parameters);
  const starts = whole(tables.arrays.contact_start.bytes!);
  const counts = whole(tables.arrays.contact_count.bytes!);
  const functions = functionNames(engine);
  const found: Contact[] = [];
  counts.forEach((count, cell) => {
    for (let row = starts[cell]; row < starts[cell] + count; row += 1) {
      const first = read(row, functions[0]);
      found.push({
        week: Math.floor(cell / regions.length),
        region: regions[cell % regions.length],
        provider: providers[read(row, "provider")],
        mode: layout.modes[read(row, "mode")],
        timing: layout.timings[read(row, "timing")],
        hours: read(row, "hours"),
        co_creation: read(row, "co_creation"),
        functions: Number.isNaN(first) ? null : Object.fromEntries(functions.map((name) => [name, read(row, name)])),
        seats: read(row, "seats"),
        ...time(row),
      });
    }
  });
  return found;
}

function whole(bytes: Uint8Array): number[] {
  return Array.from(new BigInt64Array(bytes.slice().buffer), Number);
}

function functionNames({ layout }: Engine): string[] {
  const names = Object.keys(layout.records.contact.fields);
  return names.slice(names.indexOf("share") + 1);
}

function reader({ layout }: Engine, { arrays }: Tables): Read {
  const { size, fields } = layout.records.contact;
  const bytes = arrays.contacts.bytes ?? new Uint8Array(0);
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (row, field) => {
    const { type, offset } = fields[field];
    const at = row * size + offset;
    return type === "float64" ? words.getFloat64(at, true) : Number(words.getBigInt64(at, true));
  };
}

/** Preparation and travel hours of a contact of some mode and hours, as compiled code has them. */
function timeOf(engine: Engine, { arrays }: Tables, parameters: Float64Array) {
  const { layout } = engine;
  const { size, fields } = layout.records.contact;
  const [preparation, travel] = ["preparation_hours", "travel_hours"].map((name) => layout.resources.indexOf(name));
  const known = new Map<string, Pick<Contact, "preparation_hours" | "travel_hours">>();
  return (row: number) => {
    const bytes = arrays.contacts.bytes!.slice(row * size, (row + 1) * size);
    const words = new DataView(bytes.buffer);
    const key = `${words.getBigInt64(fields.mode.offset, true)} ${words.getFloat64(fields.hours.offset, true)}`;
    const before = known.get(key);
    if (before) return before;
    for (const name of ["timing", "status", "provider"]) words.setBigInt64(fields[name].offset, 0n, true);
    words.setFloat64(fields.share.offset, 1, true);
    const { costs } = engine.call("price", {
      numbers: { first: 0 },
      arrays: {
        contacts: { type: "contact", shape: [1], bytes },
        contact_start: { type: "int64", shape: [1, 1], values: [0] },
        contact_count: { type: "int64", shape: [1, 1], values: [1] },
        parameters: { type: "parameters", shape: [1], values: parameters },
        rates: { type: "float64", shape: [3], values: [0, 0, 0] },
        costs: { type: "float64", shape: [3, layout.resources.length] },
        providers: { type: "float64", shape: [1, 1, layout.resources.length] },
      },
      wanted: ["costs"],
    });
    const made = { preparation_hours: costs[preparation], travel_hours: costs[travel] };
    known.set(key, made);
    return made;
  };
}
