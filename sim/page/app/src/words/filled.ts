/** Fills values into sentences; only this module chooses between singular and plural within a sentence. */

const HOLE = /\{(\w+)(?::([^{}|]+)\|([^{}|]+))?\}/g;

/** A template with its holes filled: `{runs}` is a value, `{runs:run|runs}` a value with the noun in its number.
 *
 * >>> filled("{rows:contact|contacts} from {file}", (name) => ({ rows: "1", file: "log.csv" })[name])
 * "1 contact from log.csv"
 */
export function filled(template: string, text: (name: string, hole: string) => string): string {
  return template.replace(HOLE, (hole, name: string, one?: string, many?: string) => {
    const value = text(name, hole);
    return one === undefined || value === hole ? value : `${value} ${value === "1" ? one : many}`;
  });
}
