/** Plausible parameter sets: decoded once, and as a scenario uses them. */
import { bytesOf } from "../model/base64";
import type { PageData, Scenario } from "../types";

const KEPT = 16;

/** The plausible sets of the page. Each is a row in the order of layout.parameters. */
export class Sets {
  readonly sets: readonly Float64Array[];
  private readonly names: string[];
  private readonly defaults: Float64Array;
  private readonly held = new Map<string, Float64Array[]>();

  constructor({ sets, parameters }: Pick<PageData, "sets" | "parameters">) {
    this.names = parameters.map((one) => one.name);
    this.defaults = Float64Array.from(parameters, (one) => one.default);
    const values = new Float64Array(bytesOf(sets.values).buffer);
    const width = this.names.length;
    this.sets = Array.from({ length: sets.count }, (_, i) => values.slice(i * width, (i + 1) * width));
  }

  /** The sets as a scenario uses them: the parameters in its file have those values in every set. */
  within(scenario: Scenario): Float64Array[] {
    const own = Object.entries(scenario.parameters as Record<string, number>);
    const key = JSON.stringify(own.sort());
    const found = this.held.get(key) ?? this.sets.map((one) => this.replaced(one, own));
    this.held.delete(key);
    this.held.set(key, found);
    if (this.held.size > KEPT) this.held.delete(this.held.keys().next().value!);
    return found;
  }

  /** All parameters of the model, with a scenario's own values: Scenario.parameter_set(). */
  own(scenario: Scenario): Float64Array {
    return this.replaced(this.defaults, Object.entries(scenario.parameters as Record<string, number>));
  }

  private replaced(set: Float64Array, own: [string, number][]): Float64Array {
    const found = set.slice();
    for (const [name, value] of own) found[this.names.indexOf(name)] = value;
    return found;
  }
}
