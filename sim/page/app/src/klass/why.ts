/** Why a number changed: an account of the changes of a state in a week, and the arithmetic of each change.
 *
 * The arithmetic comes from the rules themselves, as expression trees that Python makes of their source
 * (sim/page/equations.py). Numbers have enough digits for the printed expression to give the printed
 * value, and for the printed lines of an account to add up to its printed end.
 */
import type { Call, Change, Rules, State } from "./replay";

export type Tree = number | string | [string, ...Tree[]];
export type EquationLine =
  | ["set", string, Tree]
  | ["when", Tree, EquationLine[], EquationLine[]]
  | ["give", Tree];
export type Equations = Record<string, { arguments: string[]; lines: EquationLine[] }>;

export interface Arithmetic {
  name: string; // the argument that this line computes; "": the change itself
  rule: string; // "": no rule gave the value
  names: string; // the expression with names
  numbers: string; // the same expression with numbers
  value: string; // its value
}

export interface Told {
  change: Change;
  amount: number;
  shown: string; // "+0.0303"
  lines: Arithmetic[];
}

export interface Account {
  state: State;
  digits: number;
  start: string;
  end: string;
  told: Told[];
}

const LEAST_DIGITS = 4;
const MOST_DIGITS = 12;
const EXACT = 17;

// --- numbers ------------------------------------------------------------------------------------------

/** A number with a fixed number of decimals, never "-0". */
export function fixed(x: number, digits: number): string {
  const text = x.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text.replace("-", "−");
}

export function signed(x: number, digits: number): string {
  const text = fixed(x, digits);
  return text.startsWith("−") ? text : `+${text}`;
}

/** A number in units of its last printed digit. */
const units = (x: number, digits: number): number => Math.round(Number(x.toFixed(digits)) * 10 ** digits);

const significant = (x: number, digits: number): number => Number(x.toPrecision(digits));

function plain(x: number): string {
  const text = String(x);
  const shown = text.includes("e") ? x.toFixed(20).replace(/0+$/, "") : text;
  return shown.replace("-", "−");
}

// --- equations ----------------------------------------------------------------------------------------

type Names = Record<string, number>;

export class Why {
  constructor(
    private readonly equations: Equations,
    private readonly rules: Rules,
    private readonly says: (argument: string) => string,
  ) {}

  /** The account of one state of one person (or of the provider or region) in one week. */
  account(state: State, changes: readonly Change[], start: number, end: number): Account {
    const own = changes.filter((one) => one.state === state && one.after !== one.before);
    const told = own.map((change) => ({ change, amount: this.amount(change) }));
    let digits = LEAST_DIGITS;
    const sum = () => told.reduce(
      (all, one) => all + units(one.amount, digits), units(start, digits));
    while (digits < MOST_DIGITS && sum() !== units(end, digits)) digits += 1;
    return {
      state, digits, start: fixed(start, digits), end: fixed(sum() / 10 ** digits, digits),
      told: told.map(({ change, amount }) => ({
        change, amount, shown: signed(amount, digits), lines: this.arithmetic(change, digits),
      })),
    };
  }

  /** What a change added to the state. */
  amount(change: Change): number {
    const { call, adds } = change;
    return call && adds !== 0 ? adds * call.value : change.after - change.before;
  }

  /** The lines of arithmetic of a change: the change itself, then the arguments that other rules gave. */
  arithmetic(change: Change, digits: number): Arithmetic[] {
    const { call, before, after } = change;
    if (!call) {
      const tree: Tree = ["-", "newcomer", "before"];
      return [this.line("", "", tree, { newcomer: after, before }, after - before, digits)];
    }
    const lines = [
      this.line("", call.rule, this.changeTree(change), { ...call.given, before }, this.amount(change), digits),
    ];
    this.innerLines(call, lines, digits);
    return lines;
  }

  private innerLines(call: Call, lines: Arithmetic[], digits: number): void {
    for (const [name, inner] of Object.entries(call.inner)) {
      const tree = this.unfold(inner.rule, inner.given);
      lines.push(this.line(name, inner.rule, tree, inner.given, inner.value, Math.max(digits, 6)));
      this.innerLines(inner, lines, digits);
    }
  }

  /** The tree of what a rule adds to the state, without the state itself at its head. */
  private changeTree({ call, adds, before }: Change): Tree {
    const tree = this.unfold(call!.rule, call!.given);
    if (adds !== 0) return adds === 1 ? tree : ["neg", tree];
    const first = this.equations[call!.rule].arguments[0];
    if (Object.is(call!.given[first], before) && Array.isArray(tree) && tree[1] === first) {
      if (tree[0] === "+") return tree[2];
      if (tree[0] === "-") return ["neg", tree[2]];
    }
    return ["-", tree, "before"];
  }

  private line(name: string, rule: string, tree: Tree, given: Names, value: number, digits: number): Arithmetic {
    const wanted = fixed(value, digits);
    let places = LEAST_DIGITS;
    const rounded = () => Object.fromEntries(
      Object.entries(given).map(([one, x]) => [one, significant(x, places)]));
    while (places < EXACT && fixed(this.value(tree, rounded()), digits) !== wanted) places += 1;
    return {
      name, rule,
      names: print(tree, (one) => this.says(one)),
      numbers: print(tree, (one) => plain(significant(given[one], places))),
      value: name === "" ? signed(value, digits) : wanted,
    };
  }

  /** The tree of a rule for these arguments, with its branches taken and its local names substituted. */
  unfold(rule: string, given: Names): Tree {
    const bound: Record<string, Tree> = {};
    const found = this.follow(this.equations[rule].lines, bound, given);
    if (found === null) throw new Error(`The rule ${rule} gives nothing.`);
    return found;
  }

  private follow(lines: EquationLine[], bound: Record<string, Tree>, given: Names): Tree | null {
    for (const line of lines) {
      if (line[0] === "set") bound[line[1]] = this.put(line[2], bound, given);
      else if (line[0] === "give") return this.put(line[1], bound, given);
      else {
        const holds = this.value(this.put(line[1], bound, given), given) !== 0;
        const found = this.follow(holds ? line[2] : line[3], bound, given);
        if (found !== null) return found;
      }
    }
    return null;
  }

  /** A tree with names replaced, branches taken, and rules of one line written out. */
  private put(tree: Tree, bound: Record<string, Tree>, given: Names): Tree {
    if (typeof tree === "number") return tree;
    if (typeof tree === "string") return bound[tree] ?? tree;
    const [operation, ...parts] = tree;
    if (operation === "choose") {
      const holds = this.value(this.put(parts[0], bound, given), given) !== 0;
      return this.put(holds ? parts[1] : parts[2], bound, given);
    }
    const put = parts.map((one) => this.put(one, bound, given));
    const inner = this.equations[operation];
    if (!inner || operation === "exponential") return [operation, ...put];
    const values = Object.fromEntries(inner.arguments.map((name, i) => [name, this.value(put[i], given)]));
    return replaced(this.unfold(operation, values),
      Object.fromEntries(inner.arguments.map((name, i) => [name, put[i]])));
  }

  /** The value of a tree. */
  value(tree: Tree, given: Names): number {
    if (typeof tree === "number") return tree;
    if (typeof tree === "string") return given[tree];
    const [operation, ...parts] = tree;
    const [a, b] = parts.map((one) => this.value(one, given));
    switch (operation) {
      case "+": return a + b;
      case "-": return a - b;
      case "*": return a * b;
      case "/": return a / b;
      case "neg": return -a;
      case "<": return Number(a < b);
      case "<=": return Number(a <= b);
      case ">": return Number(a > b);
      case ">=": return Number(a >= b);
      case "==": return Number(a === b);
      case "sqrt": return Math.sqrt(a);
      default: return this.rules[operation](...parts.map((one) => this.value(one, given)));
    }
  }
}

function replaced(tree: Tree, names: Record<string, Tree>): Tree {
  if (typeof tree === "number") return tree;
  if (typeof tree === "string") return names[tree] ?? tree;
  const [operation, ...parts] = tree;
  return [operation, ...parts.map((one) => replaced(one, names))];
}

// --- on paper --------------------------------------------------------------------------------------------

const SIGNS: Record<string, string> = { "+": " + ", "-": " − ", "*": " × ", "/": " / " };
const STRENGTH: Record<string, number> = { "+": 1, "-": 1, "*": 2, "/": 2, neg: 2 };
const CALLS: Record<string, string> = { sqrt: "√", exponential: "exp" };

function print(tree: Tree, name: (one: string) => string): string {
  if (typeof tree === "number") return plain(tree);
  if (typeof tree === "string") return name(tree);
  const [operation, ...parts] = tree;
  const inBrackets = (part: Tree, least: number): string => {
    const text = print(part, name);
    const own = Array.isArray(part) ? (STRENGTH[part[0]] ?? 9) : text.startsWith("−") ? 1 : 9;
    return own < least ? `(${text})` : text;
  };
  if (operation === "neg") return `−${inBrackets(parts[0], 3)}`;
  if (operation === "power") return `${inBrackets(parts[0], 9)}^${inBrackets(parts[1], 9)}`;
  const sign = SIGNS[operation];
  if (!sign) {
    return `${CALLS[operation] ?? operation}(${parts.map((one) => print(one, name)).join("; ")})`;
  }
  const strength = STRENGTH[operation];
  const strict = operation === "-" || operation === "/" ? 1 : 0;
  return `${inBrackets(parts[0], strength)}${sign}${inBrackets(parts[1], strength + strict)}`;
}
