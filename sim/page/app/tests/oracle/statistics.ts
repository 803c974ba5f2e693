/** Computes statistics as the page does, for Python's tests: node statistics.mjs CASES.json; see tests/test_page_statistics.py. */
import fs from "node:fs";
import * as stats from "../../src/study/stats";
import { columnOf, encoded } from "./json";

const asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const tables: stats.Tables = asked.tables;

function answer(one: any): unknown {
  const grid = (values: (number | null)[][]) =>
    stats.gridOf(columnOf(values.flat()), values[0].length);
  const column = columnOf(one.values ?? []);
  switch (one.what) {
    case "grid": {
      const values = grid(one.grid);
      return {
        quantiles: stats.quantiles(values.values, one.which),
        band: stats.band(values.values),
        set_means: [...stats.allSetMeans(values)],
        mean: stats.mean(values),
        mean_interval: stats.meanInterval(values, tables),
        standard_error: stats.standardError(values),
        components: stats.components(values),
        expected: stats.expectedInSets(values, tables),
        shrunk: [...stats.shrunk(stats.allSetMeans(values), one.chance)],
        share: stats.share(grid(one.hits), tables),
      };
    }
    case "paired": {
      const gap = stats.paired(grid(one.a), grid(one.b), one.margin, one.better, tables);
      return { ...gap, sets_needed: stats.setsNeeded(one.spread, one.margin, tables) };
    }
    case "drivers":
      return stats.drivers(one.columns.map(columnOf), one.names, column);
    case "t":
      return one.degrees.map((degrees: number) => stats.tValue(degrees, tables));
    case "above":
      return one.degrees.map((degrees: number) => stats.tAbove(one.t, degrees));
    case "sum":
      return [stats.exactSum(column), stats.sum(column)];
    default:
      throw new Error(one.what);
  }
}

process.stdout.write(encoded(asked.cases.map(answer)));
