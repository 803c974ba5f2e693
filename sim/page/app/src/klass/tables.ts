/** The contents of a job as tables (see sim/engine/job.py). Sizes and offsets come from the layout. */

export type Row = Record<string, number>;

export interface Layout {
  records: Record<string, { size: number; fields: Record<string, { type: string; offset: number }> }>;
  parameters: string[];
  people: string[];
  site: string[];
  modes: string[];
  timings: string[];
  statuses: string[];
  networks: string[];
  purposes: Record<string, number>;
  posts: number;
  series_step: number;
  weeks_a_year: number;
  functions: Record<string, { arguments: Record<string, string>; result: string; says: string }>;
}

export interface JobHead {
  numbers: Record<string, number>;
  arrays: Record<string, { type: string; shape: number[]; offset: number }>;
  spaces: Record<string, { type: string; shape: number[] }>;
  regions: string[];
}

export interface Tables {
  head: JobHead;
  horizon: number;
  trend: number;
  seed: [number, number];
  regions: Row[];
  contacts: Row[];
  contactStart: number[][];
  contactCount: number[][];
  demand: number[][];
  delivery: number[];
  leaves: Row[];
  providerHours: number[];
}

export function numberAt(view: DataView, at: number, type: string): number {
  switch (type) {
    case "float64":
      return view.getFloat64(at, true);
    case "int64":
      return Number(view.getBigInt64(at, true));
    case "int32":
      return view.getInt32(at, true);
    default:
      return view.getUint32(at, true);
  }
}

const widths: Record<string, number> = { float64: 8, int64: 8, int32: 4, uint32: 4 };

export function readTables(
  { head, data }: { head: JobHead; data: Uint8Array },
  layout: Layout,
): Tables {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const about = (name: string) => {
    const found = head.arrays[name];
    if (!found) throw new Error(`The job has no ${name}.`);
    return found;
  };
  const rows = (name: string): Row[] => {
    const { type, shape, offset } = about(name);
    const record = layout.records[type]!;
    return Array.from({ length: shape[0]! }, (_, i) =>
      Object.fromEntries(
        Object.entries(record.fields).map(([field, one]) => [
          field,
          numberAt(view, offset + i * record.size + one.offset, one.type),
        ]),
      ),
    );
  };
  const line = (name: string): number[] => {
    const { type, shape, offset } = about(name);
    const width = widths[type]!;
    const size = shape.reduce((all, one) => all * one, 1);
    return Array.from({ length: size }, (_, i) => numberAt(view, offset + i * width, type));
  };
  const grid = (name: string): number[][] => {
    const values = line(name);
    const [height, width] = about(name).shape as [number, number];
    return Array.from({ length: height }, (_, i) => values.slice(i * width, (i + 1) * width));
  };
  const number = (name: string): number => head.numbers[name]!;
  return {
    head,
    horizon: number("horizon"),
    trend: number("trend"),
    seed: [number("seed_low"), number("seed_high")],
    regions: rows("regions"),
    contacts: rows("contacts"),
    contactStart: grid("contact_start"),
    contactCount: grid("contact_count"),
    demand: grid("demand"),
    delivery: line("delivery"),
    leaves: rows("leaves"),
    providerHours: line("provider_hours"),
  };
}
