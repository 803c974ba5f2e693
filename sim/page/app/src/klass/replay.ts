/** Replays a run of a small region week by week, with the reason of every change.
 *
 * It follows the steps of a week as sim/model/week.py and sim/model/agents.py do. Every formula is a rule of
 * the engine, called by name, and is kept with its arguments: see Call. Its states must equal those of
 * the compiled engine for the same run, to the last bit: `differences` lists where they do not.
 */
import type { Layout, Row, Tables } from "./tables";

export type Rules = Record<string, (...given: number[]) => number>;

/** One block of random draws (sim/core/streams.py), as uniforms and as Irwin-Hall variates. */
export interface Block {
  uniforms: number[];
  irwin_halls: number[];
}

export interface Draws {
  block(purpose: string, entity: number, week: number, series: number): Block;
}

/** One call of a rule; `inner` holds the calls that gave some of its arguments, by argument. */
export interface Call {
  rule: string;
  given: Record<string, number>;
  value: number;
  inner: Record<string, Call>;
}

export type State =
  | "trust"
  | "accountability"
  | "knowledge"
  | "integration"
  | "provider_accountability"
  | "context"
  | "routines";

/** Why a state changed; each cause names a sentence of words.json (class.causes). */
export type Cause =
  | "contact"
  | "own_review"
  | "provider_review"
  | "staff_review"
  | "word"
  | "forgotten"
  | "use"
  | "fade"
  | "trend"
  | "newcomer"
  | "handover"
  | "date_kept"
  | "date_broken"
  | "kept"
  | "follows_use";

export interface Change {
  region: number;
  post: number; // -1: the provider or the region
  state: State;
  cause: Cause;
  contact: number; // index among the contacts of the week; -1: none
  from: number; // the post that passed on a word; -1: none
  before: number;
  after: number;
  call: Call | null; // null: the value was not made by a rule
  /** The rule gives 0: the new value; 1: what is added to the old value; -1: what is taken from it. */
  adds: -1 | 0 | 1;
}

export interface ContactSeen {
  region: number;
  mode: number;
  hours: number;
  planned: number; // planned share of co-creation
  coCreation: number;
  status: "held" | "provider" | "region" | "nobody";
  invited: number[];
  present: number[];
  reviewed: boolean;
}

export type Promised = "made" | "kept" | "broken" | "lapsed";

export interface PromiseSeen {
  region: number;
  post: number; // -1: the provider
  what: Promised;
  count: number;
  contact: number;
}

export interface WordSeen {
  region: number;
  post: number; // the listener
  from: number;
  amount: number;
}

export interface PersonState {
  trust: number;
  accountability: number;
  knowledge: number;
  integration: number;
  workload: number;
  open: number;
}

export interface RegionState {
  people: PersonState[];
  record: number; // accountability of the provider
  context: number;
  routines: number;
  owed: number;
  load: number;
}

export interface WeekSeen {
  week: number;
  contacts: ContactSeen[];
  promises: PromiseSeen[];
  words: WordSeen[];
  left: { region: number; post: number }[];
  providersLeft: number[];
  changes: Change[];
  regions: RegionState[];
}

export interface Replay {
  weeks: WeekSeen[]; // weeks 0 to the horizon
  ties: number[][][]; // region, post -> neighbours, ascending
  core: boolean[][]; // region, post -> in the core team
  providers: number[]; // the provider of each region
  names: string[];
  differences: string[]; // where the replay differs from the engine's run; empty: nowhere
}

/** The result of `Engine.watch`. */
export interface Watched {
  snapshots: Float64Array;
  shape: [number, number];
  spaces: Record<string, { shape: number[]; values: Float64Array | null }>;
}

export interface Person extends PersonState {
  post: number;
  seat: number;
  entity: number;
  motivation: number;
  capacity: number;
  offset: number;
  first_trust: number;
  first_accountability: number;
  first_knowledge: number;
  heard: number;
  heardCall: Call | null;
  heardFrom: number;
}

interface Region {
  index: number;
  candidate: number;
  about: Row;
  leadership: number;
  usualDemand: number;
  routines: number;
  context: number;
  record: number;
  usualRecord: number;
  owed: number;
  meanIntegration: number;
  means: number[];
  ties: number[][];
  complete: boolean;
  staff: Person[];
}

interface Weights {
  trust: number;
  relationship: number;
  learning: number;
  planning: number;
  review: number;
  logistics: number;
  together: number;
}

const uses = ["trust", "relationship", "learning", "planning"] as const;
type Counted = Record<(typeof uses)[number], number>;

interface Due {
  contact: Row;
  hours: number;
}

/** Calls a rule and records the call. An argument may be a call itself. */
export function callOf(
  rules: Rules,
  layout: Pick<Layout, "functions">,
  rule: string,
  ...given: (number | Call)[]
): Call {
  const names = Object.keys(layout.functions[rule]!.arguments);
  const call: Call = { rule, given: {}, value: 0, inner: {} };
  given.forEach((one, i) => {
    const name = names[i]!;
    if (typeof one === "number") call.given[name] = one;
    else {
      call.given[name] = one.value;
      call.inner[name] = one;
    }
  });
  call.value = rules[rule]!(...names.map((name) => call.given[name]!));
  return call;
}

/** Repeats a call with another value for one argument of one rule in it. */
export function callAgain(rules: Rules, layout: Pick<Layout, "functions">, call: Call,
  change: { rule: string; argument: string; value: number }): Call {
  const names = Object.keys(layout.functions[call.rule]!.arguments);
  const given = names.map((name): number | Call => {
    if (call.rule === change.rule && name === change.argument) return change.value;
    const inner = call.inner[name];
    return inner ? callAgain(rules, layout, inner, change) : call.given[name]!;
  });
  return callOf(rules, layout, call.rule, ...given);
}

export interface ReplayInput {
  tables: Tables;
  layout: Layout;
  rules: Rules;
  draws: Draws;
  set: Float64Array;
  watched: Watched;
}

/** Replays one run. */
export function replay(input: ReplayInput): Replay {
  return new Walk(input).run();
}

class Walk {
  private readonly p: Record<string, number>;
  private readonly regions: Region[];
  private readonly loads: number[];
  private readonly overloads: number[];
  private readonly skills: number[];
  private readonly weeks: WeekSeen[] = [];
  private readonly differences: string[] = [];
  private week = 0;
  private seen!: WeekSeen;

  constructor(private readonly input: ReplayInput) {
    const { layout, set, tables } = input;
    this.p = Object.fromEntries(layout.parameters.map((name, i) => [name, set[i]!]));
    this.loads = tables.providerHours.map(() => 0);
    this.overloads = tables.providerHours.map(() => 0);
    this.skills = tables.providerHours.map((_, number) => this.space("skills", 0, number));
    this.regions = tables.regions.map((about, index) => this.startRegion(about, index));
  }

  run(): Replay {
    const { tables } = this.input;
    this.weeks.push({ ...this.blank(), regions: this.states() });
    this.compare();
    for (this.week = 1; this.week <= tables.horizon; this.week += 1) {
      this.seen = this.blank();
      this.step();
      this.seen.regions = this.states();
      this.weeks.push(this.seen);
      this.compare();
    }
    return {
      weeks: this.weeks,
      ties: this.regions.map((region) =>
        region.staff.map((x) => (region.complete
          ? region.staff.filter((other) => other !== x).map((other) => other.post)
          : region.ties[x.post]!)),
      ),
      core: this.regions.map((region) => region.staff.map((x) => x.seat < region.about.core!)),
      providers: this.regions.map((region) => region.about.provider!),
      names: tables.head.regions,
      differences: this.differences,
    };
  }

  // --- the start: what the engine drew ---------------------------------------------------------

  private space(name: string, ...place: number[]): number {
    const { shape, values } = this.input.watched.spaces[name]!;
    const at = place.reduce((sum, one, axis) => sum * shape[axis]! + one, 0);
    return values![at]!;
  }

  private startRegion(about: Row, index: number): Region {
    const { layout, tables, watched } = this.input;
    const people = layout.people;
    const shot = watched.snapshots;
    const all = watched.spaces.people!.shape[0]!;
    const site = (name: string) => shot[all + index * layout.site.length + layout.site.indexOf(name)]!;
    const candidate = site("candidate");
    const staff = Array.from({ length: about.staff! }, (_, post): Person => {
      const state = (name: string) =>
        shot[people.length * about.first! + people.indexOf(name) * about.staff! + post]!;
      return {
        post,
        seat: state("seat"),
        entity: candidate * layout.posts + post,
        motivation: state("motivation"),
        capacity: state("capacity"),
        offset: state("offset"),
        first_trust: state("first_trust"),
        first_accountability: state("first_accountability"),
        first_knowledge: state("first_knowledge"),
        trust: state("trust"),
        accountability: state("accountability"),
        knowledge: state("knowledge"),
        integration: state("integration"),
        workload: state("workload"),
        open: state("open"),
        heard: 0,
        heardCall: null,
        heardFrom: -1,
      };
    });
    const complete = layout.networks[about.network!] === "complete";
    return {
      index,
      candidate,
      about,
      leadership: site("leadership"),
      usualDemand: site("usual_demand"),
      routines: site("routines"),
      context: site("context"),
      record: site("record"),
      usualRecord: site("usual_record"),
      owed: site("owed"),
      meanIntegration: 0,
      means: Array.from({ length: 5 }, (_, i) => this.space("means", index, i)),
      ties: complete ? [] : this.networkOf(about, tables),
      complete,
      staff,
    };
  }

  /** The neighbours of each post, read from the engine's work space: where each row begins, then the rows. */
  private networkOf(about: Row, _tables: Tables): number[][] {
    const graph = (i: number) => this.space("graphs", about.place! + i);
    const first = 2 + about.staff!;
    return Array.from({ length: about.staff! }, (_, post) => {
      const [from, to] = [graph(1 + post), graph(2 + post)];
      return Array.from({ length: to - from }, (_, i) => graph(first + from + i));
    });
  }

  // --- help -----------------------------------------------------------------------------------------

  private call(rule: string, ...given: (number | Call)[]): Call {
    return callOf(this.input.rules, this.input.layout, rule, ...given);
  }

  private rule(rule: string, ...given: number[]): number {
    return this.input.rules[rule]!(...given);
  }

  private draw(purpose: string, entity: number, series = 0): Block {
    return this.input.draws.block(purpose, entity, this.week, series);
  }

  private uniforms(purpose: string, entity: number, series = 0): number[] {
    return this.draw(purpose, entity, series).uniforms;
  }

  private mean(values: number[]): number {
    const total = values.reduce((sum, one) => sum + this.rule("to_fixed", one), 0);
    return this.rule("mean_from_fixed", total, values.length);
  }

  private readiness(x: Person): number {
    return this.rule("readiness", x.motivation, x.capacity, x.knowledge);
  }

  private blank(): WeekSeen {
    return {
      week: this.week, contacts: [], promises: [], words: [], left: [], providersLeft: [],
      changes: [], regions: [],
    };
  }

  private note(
    region: Region, post: number, state: State, cause: Cause, before: number, after: number,
    call: Call | null, more: Partial<Change> = {},
  ): void {
    this.seen.changes.push({
      region: region.index, post, state, cause, before, after, call, contact: -1, from: -1, adds: 0,
      ...more,
    });
  }

  private promise(region: Region, post: number, what: Promised, count: number, contact = -1): void {
    if (count > 0) this.seen.promises.push({ region: region.index, post, what, count, contact });
  }

  private change(
    region: Region, x: Person, state: "trust" | "accountability" | "knowledge" | "integration",
    cause: Cause, call: Call, more: Partial<Change> = {},
  ): void {
    this.note(region, x.post, state, cause, x[state], call.value, call, more);
    x[state] = call.value;
  }

  private changeSite(
    region: Region, state: "record" | "context" | "routines", cause: Cause, call: Call,
    more: Partial<Change> = {},
  ): void {
    const name = state === "record" ? "provider_accountability" : state;
    this.note(region, -1, name, cause, region[state], call.value, call, more);
    region[state] = call.value;
  }

  // --- a week ---------------------------------------------------------------------------------------

  private step(): void {
    const due = this.calendarAndLoad();
    for (const region of this.regions) {
      const counted: Counted = { trust: 0, relationship: 0, learning: 0, planning: 0 };
      for (const one of due[region.index]!) this.contact(region, one, counted);
    }
    this.everybody();
    this.turnover();
  }

  private calendarAndLoad(): Due[][] {
    const { tables, layout } = this.input;
    const { p, week } = this;
    const due = this.regions.map((region) => {
      const first = tables.contactStart[week]![region.index]!;
      const count = tables.contactCount[week]![region.index]!;
      return tables.contacts
        .slice(first, first + count)
        .filter((contact) => this.isOn(contact, region))
        .map((contact): Due => ({ contact, hours: contact.hours! }));
    });
    const all = due.flat();
    tables.providerHours.forEach((available, provider) => {
      let hours = 0;
      for (const { contact, hours: own } of all) {
        if (contact.provider !== provider) continue;
        const travel = layout.modes[contact.mode!] === "onsite" ? p.travel_hours! : 0;
        const spent = this.rule(
          "provider_hours", own, p.preparation_per_hour!, p.preparation_per_contact!, travel,
        );
        hours = hours + contact.share! * spent;
      }
      this.loads[provider] = this.rule(
        "running_load", this.loads[provider]!, hours, available, p.load_memory!,
      );
      this.overloads[provider] = this.rule("overload", this.loads[provider]!);
    });
    for (const one of all) {
      one.hours = this.rule("shortened_hours", one.hours, this.overloads[one.contact.provider!]!);
    }
    for (const region of this.regions) this.feelWorkload(region, due[region.index]!);
    return due;
  }

  private isOn(contact: Row, region: Region): boolean {
    const timing = this.input.layout.timings[contact.timing!];
    if (timing === "scheduled") return true;
    const { p } = this;
    const u = this.uniforms("calendar", region.candidate, contact.series)[0]!;
    if (timing === "irregular") return u < this.rule("irregular_probability", contact.every_weeks!);
    return u < this.rule(
      "on_demand_probability",
      contact.every_weeks!,
      this.mean(region.staff.map((x) => this.readiness(x))),
      this.mean(region.staff.map((x) => x.trust)),
      region.leadership,
      p.on_demand_slope!,
      p.on_demand_pivot!,
    );
  }

  private feelWorkload(region: Region, due: Due[]): void {
    const { p, week } = this;
    const { tables } = this.input;
    const demand = region.usualDemand + tables.demand[week]![region.index]!;
    const loads = due.map(({ contact, hours }) => ({
      seats: contact.seats!,
      load: this.rule("contact_workload", hours, contact.co_creation!, p.working_week!),
    }));
    for (const x of region.staff) {
      let contacts = 0;
      for (const { seats, load } of loads) if (x.seat < seats) contacts = contacts + load;
      x.workload = this.rule(
        "workload", demand, x.offset, contacts, x.open, p.commitment_workload!,
        tables.delivery[week]!, x.integration,
      );
    }
  }

  private weights(contact: Row): Weights {
    if (Number.isNaN(contact.relationship!)) {
      return {
        trust: 1, relationship: 1, learning: 1, planning: 1, review: 1, logistics: 1, together: 1,
      };
    }
    const { p } = this;
    const time = (name: string) =>
      this.rule("function_weight", contact[name]!, p[`${name}_reference`]!);
    const relationship = time("relationship");
    return {
      trust: this.rule(
        "trust_weight", contact.logistics!, p.logistics_reference!, relationship,
        p.relationship_weight!,
      ),
      relationship,
      learning: time("learning"),
      planning: time("planning"),
      review: time("review"),
      logistics: time("logistics"),
      together: this.rule("time_together", relationship, p.relationship_weight!),
    };
  }

  /** The effect of a contact's hours spent on one use of its time. */
  private effect(counted: Counted, use: keyof Counted, hours: number, weights: Weights): Call {
    return this.call("contact_effect", counted[use], hours * weights[use], this.p.hour_scale!);
  }

  /** Steps 2 to 6 of one contact. */
  private contact(region: Region, { contact, hours }: Due, counted: Counted): void {
    const { p } = this;
    const weights = this.weights(contact);
    const place = this.seen.contacts.length;
    const luck = this.uniforms("region_contact", region.candidate, contact.series);
    const useful = this.rule("counted_hours", hours, p.setup_hours!);
    const effect = this.effect(counted, "trust", useful, weights);
    const invited = region.staff.filter((x) => x.seat < contact.seats!);
    const seen: ContactSeen = {
      region: region.index, mode: contact.mode!, hours, planned: contact.co_creation!,
      coCreation: 0, status: "held", invited: invited.map((x) => x.post), present: [],
      reviewed: false,
    };
    this.seen.contacts.push(seen);
    seen.status = this.held(region, contact, weights, luck);
    if (seen.status === "provider") {
      this.changeSite(region, "record", "date_broken",
        this.call("record_after_broken_promise", region.record, p.accountability_step!, effect),
        { contact: place });
    }
    if (seen.status !== "held") return;
    if (this.input.layout.timings[contact.timing!] === "scheduled") {
      this.changeSite(region, "record", "date_kept",
        this.call("record_after_kept_promise", region.record, p.accountability_step!,
          p.kept_date_weight!, effect),
        { contact: place });
    }
    const before = { ...counted };
    for (const use of uses) counted[use] = counted[use] + useful * weights[use];
    const draws = region.staff.map((x) => this.draw("staff_contact", x.entity, contact.series));
    const present = this.whoComes(region, contact, invited, draws);
    seen.present = present.map((x) => x.post);
    if (!present.length) {
      seen.status = "nobody";
      return;
    }
    const skill = this.skills[contact.provider!]!;
    seen.coCreation = this.rule(
      "realised_co_creation", contact.co_creation!, skill,
      this.mean(present.map((x) => x.trust)), weights.together,
    );
    if (weights.review >= 1 || this.getsRound(region, contact, weights)) {
      seen.reviewed = true;
      this.review(region, contact, present, draws, luck[3]!, place);
    }
    const planning = this.effect(before, "planning", useful, weights);
    this.commit(region, contact, present, seen.coCreation, planning.value,
      luck[2]!, place);
    this.trustAndLearn(region, contact, hours, present, draws, seen, effect, before, useful,
      weights, place);
  }

  private held(region: Region, contact: Row, weights: Weights, luck: number[]):
    ContactSeen["status"] {
    const { p } = this;
    const status = this.input.layout.statuses[contact.status!];
    if (status === "held") return "held";
    if (status === "provider_cancelled") return "provider";
    if (status !== "drawn") return "region";
    const provider = this.rule("provider_fails_probability", p.provider_cancels!,
      p.provider_cancels_slope!, this.overloads[contact.provider!]!);
    if (luck[0]! < provider) return "provider";
    const fails = this.rule("region_fails_probability", p.region_cancels!,
      p.region_cancels_slope!, this.mean(region.staff.map((x) => x.workload)), p.workload_pivot!,
      p.logistics_slope!, weights.logistics);
    return luck[1]! < fails ? "region" : "held";
  }

  private whoComes(region: Region, contact: Row, invited: Person[], draws: Block[]): Person[] {
    const { p } = this;
    const logOdds = (x: Person) => this.rule("attendance_log_odds", p.attendance_base!,
      p.attendance_slope!, x.motivation, x.trust, region.leadership, x.workload,
      p.attendance_pivot!);
    const u = (x: Person) => draws[x.post]!.uniforms[0]!;
    if (contact.present! < 0) {
      return invited.filter((x) => u(x) < this.rule("sigmoid", logOdds(x)));
    }
    const order = new Map(
      invited.map((x) => [x, this.rule("attendance_order", u(x), logOdds(x))] as const));
    return [...invited]
      .sort((x, y) => order.get(x)! - order.get(y)!)
      .slice(0, contact.present!)
      .sort((x, y) => x.post - y.post);
  }

  private getsRound(region: Region, contact: Row, weights: Weights): boolean {
    const u = this.uniforms("calendar", region.candidate, contact.series)[1]!;
    return u < this.rule("review_probability", weights.review);
  }

  private review(region: Region, contact: Row, present: Person[], draws: Block[], u: number,
    place: number): void {
    const { p } = this;
    const more = { contact: place };
    const owned = present.map((x) => ({
      x,
      count: x.open,
      chance: this.rule("staff_keeping_probability", p.keeping!, p.keeping_slope!,
        x.accountability, x.workload),
    }));
    const owed = region.owed;
    const chance = this.rule("provider_keeping_probability", p.keeping!, p.keeping_slope!,
      region.record, p.record_pivot!, p.overload_keeping!, this.overloads[contact.provider!]!);
    const kept = this.rule("binomial_from_uniform", u, owed, chance);
    let [staffKept, staffReviewed] = [0, 0];
    for (const { x, count, chance: own } of owned) {
      const some = this.rule(
        "binomial_from_uniform", draws[x.post]!.uniforms[1]!, count, own);
      if (count > 0) {
        this.change(region, x, "accountability", "own_review",
          this.call("accountability_after_review", x.accountability, some, count,
            p.accountability_step!), more);
      }
      this.promise(region, x.post, "kept", some, place);
      this.promise(region, x.post, "broken", count - some, place);
      x.open = 0;
      staffKept += some;
      staffReviewed += count;
    }
    if (owed > 0) {
      this.changeSite(region, "record", "own_review",
        this.call("accountability_after_review", region.record, kept, owed,
          p.accountability_step!), more);
    }
    this.promise(region, -1, "kept", kept, place);
    this.promise(region, -1, "broken", owed - kept, place);
    region.owed = 0;
    const counterpart = p.reciprocity! * p.accountability_step!;
    if (owed > 0) {
      for (const x of present) {
        this.change(region, x, "accountability", "provider_review",
          this.call("accountability_after_review", x.accountability, kept, owed, counterpart),
          more);
      }
    }
    if (staffReviewed > 0) {
      this.changeSite(region, "record", "staff_review",
        this.call("accountability_after_review", region.record, staffKept, staffReviewed,
          counterpart), more);
    }
    const step = this.call("routine_step_in_team", p.routine_step!, p.reference_team!,
      region.staff.length);
    const after = this.call("routines_after_kept", region.routines, step, staffKept + kept);
    if (staffKept + kept > 0) this.changeSite(region, "routines", "kept", after, more);
    else region.routines = after.value;
  }

  private commit(region: Region, contact: Row, present: Person[], coCreation: number,
    effect: number, u: number, place: number): void {
    const { p } = this;
    const agreed = this.rule("agreeing", coCreation, p.assigned_share!);
    const number = this.rule("poisson_from_uniform", u,
      this.rule("expected_commitments", p.commitment_rate!, agreed, effect));
    const owns = this.rule("provider_owns_probability", p.provider_commitment_share!, coCreation,
      agreed);
    const made = new Map<number, number>();
    const first = region.candidate * this.input.layout.posts;
    for (let i = 0; i < number; i += 1) {
      const [whose, who] = this.uniforms("commitment", first + i, contact.series) as [number, number];
      let post = -1;
      if (whose < owns) region.owed += 1;
      else {
        const owner = present[Math.floor(who * present.length)]!;
        owner.open += 1;
        post = owner.post;
      }
      made.set(post, (made.get(post) ?? 0) + 1);
    }
    for (const [post, count] of made) this.promise(region, post, "made", count, place);
  }

  private trustAndLearn(region: Region, contact: Row, hours: number, present: Person[],
    draws: Block[], seen: ContactSeen, effect: Call, before: Counted, useful: number,
    weights: Weights, place: number): void {
    const { p } = this;
    const mode = this.input.layout.modes[contact.mode!]!;
    const skill = this.skills[contact.provider!]!;
    const attention = this.rule("group_attention", p.group_dilution!,
      present.length + contact.others!, p.reference_team!);
    const richness = p[`richness_${mode}`]! * attention;
    const learningHours = this.rule("counted_hours",
      this.rule("learning_hours", hours, p.negotiating_share!, seen.coCreation), p.setup_hours!);
    const learning = this.effect(before, "learning", learningHours, weights);
    const dilution = this.rule("dilution", p.site_dilution!, contact.sites!);
    const tailoring = seen.coCreation * region.context;
    for (const x of present) {
      const noise = p.evidence_noise! * draws[x.post]!.irwin_halls[2]!;
      const quality = this.call("experienced_quality", dilution, p.ability_weight!,
        p.skill_share!, skill, region.context, p.power_sharing!, contact.co_creation!,
        region.record, noise);
      this.change(region, x, "trust", "contact",
        this.call("trust_after_contact", x.trust, quality, p.trust_step!, richness, effect,
          p.trust_asymmetry!), { contact: place });
      this.change(region, x, "knowledge", "contact",
        this.call("knowledge_after_contact", x.knowledge, p.learning_rate!, richness, learning,
          dilution, skill, p.learning_skill_floor!, tailoring, p.learning_tailoring_floor!,
          x.trust, p.learning_trust_floor!), { contact: place });
    }
    const relating = this.effect(before, "relationship", useful, weights);
    this.changeSite(region, "context", "contact",
      this.call("context_after_contact", region.context, p.context_step!, relating,
        seen.coCreation), { contact: place });
  }

  /** Step 7: all encounters are read before any state changes. */
  private everybody(): void {
    for (const region of this.regions) {
      for (const x of region.staff) this.meetPeer(region, x);
      region.meanIntegration = this.mean(region.staff.map((x) => x.integration));
    }
    const { p } = this;
    for (const region of this.regions) {
      for (const x of region.staff) this.apply(region, x);
      this.changeSite(region, "routines", "follows_use",
        this.call("routines_after_week", region.routines, region.meanIntegration,
          p.routine_pace!));
      this.changeSite(region, "context", "fade",
        this.call("decayed", region.context, p.context_fade!));
      this.changeSite(region, "record", "fade",
        this.call("faded", region.record, region.usualRecord, p.accountability_fade!));
    }
  }

  private meetPeer(region: Region, x: Person): void {
    const { p } = this;
    x.heard = 0;
    x.heardCall = null;
    x.heardFrom = -1;
    const [meets, which] = this.uniforms("staff_week", x.entity) as [number, number];
    if (meets >= p.peer_meeting!) return;
    const post = this.pick(region, x.post, which);
    if (post < 0) return;
    const peer = region.staff[post]!;
    x.heardCall = this.call("knowledge_from_peer", x.knowledge, x.first_knowledge,
      peer.knowledge, peer.first_knowledge, p.peer_transfer!);
    x.heard = x.heardCall.value;
    x.heardFrom = post;
  }

  private pick(region: Region, post: number, u: number): number {
    if (region.complete) {
      if (region.staff.length < 2) return -1;
      const place = Math.floor(u * (region.staff.length - 1));
      return place >= post ? place + 1 : place;
    }
    const near = region.ties[post]!;
    return near.length ? near[Math.floor(u * near.length)]! : -1;
  }

  private apply(region: Region, x: Person): void {
    const { p } = this;
    const uptake = p.uptake_ratio! * p.integration_loss!;
    const growth = this.call("integration_growth", uptake, x.knowledge, x.motivation, x.trust,
      x.accountability, x.workload, region.leadership, region.routines);
    const decline = this.call("integration_decline", p.integration_loss!, region.routines,
      x.accountability);
    const forgotten = this.call("forgotten_knowledge", x.knowledge, x.first_knowledge,
      x.integration, p.forgetting!, p.use_protection!);
    const left = x.knowledge - forgotten.value;
    if (forgotten.value !== 0) {
      this.note(region, x.post, "knowledge", "forgotten", x.knowledge, left, forgotten,
        { adds: -1 });
    }
    x.knowledge = left + x.heard;
    if (x.heardCall && x.heard > 0) {
      this.note(region, x.post, "knowledge", "word", left, x.knowledge, x.heardCall,
        { adds: 1, from: x.heardFrom });
      this.seen.words.push({
        region: region.index, post: x.post, from: x.heardFrom, amount: x.heard,
      });
    }
    this.change(region, x, "integration", "use",
      this.call("integration_after_week", x.integration, growth, decline));
    this.change(region, x, "trust", "fade",
      this.call("faded", x.trust, x.first_trust, p.trust_fade!));
    this.change(region, x, "accountability", "fade",
      this.call("faded", x.accountability, x.first_accountability, p.accountability_fade!));
    const { trend } = this.input.tables;
    if (trend !== 0) {
      this.change(region, x, "knowledge", "trend", this.call("drifted", x.knowledge, trend));
      x.first_knowledge = this.rule("drifted", x.first_knowledge, trend);
    }
  }

  private turnover(): void {
    for (const region of this.regions) {
      const goes = region.staff.filter((x) => this.leaves(region, x));
      const teamTrust = this.mean(region.staff.map((x) => x.trust));
      for (const x of goes) this.replace(region, x, teamTrust);
    }
    this.input.tables.providerHours.forEach((_, number) => {
      if (this.space("leavers", this.week, number) > 0) this.providerLeaves(number);
    });
  }

  private leaves(region: Region, x: Person): boolean {
    const { tables } = this.input;
    const told = tables.leaves.some((shock, number) =>
      shock.week === this.week && (shock.region === region.index || shock.region! < 0)
      && this.space("gone", number, region.about.first! + x.post) > 0);
    return told || this.uniforms("staff_week", x.entity)[2]! < this.p.staff_turnover!;
  }

  private replace(region: Region, x: Person, teamTrust: number): void {
    const { p } = this;
    const traits = this.draw("person_traits", x.entity).irwin_halls;
    const starts = this.draw("person_starts", x.entity).irwin_halls;
    const [knowledge, shared, accountability, trust, effect] = region.means as
      [number, number, number, number, number];
    const moved = this.input.tables.trend * this.week / this.input.layout.weeks_a_year;
    this.promise(region, x.post, "lapsed", x.open);
    x.open = 0;
    this.seen.left.push({ region: region.index, post: x.post });
    x.motivation = this.rule("start_level", p.motivation_mean!, effect, p.motivation_sd!,
      traits[0]!);
    x.capacity = this.rule("start_level", p.capacity_mean!, effect, p.capacity_sd!, traits[1]!);
    const own = this.rule("start_knowledge", knowledge + moved, shared, p.knowledge_sd!,
      traits[2]!, p.knowledge_floor!, p.knowledge_ceiling!);
    x.offset = p.workload_offset_sd! * traits[3]!;
    const account = this.rule("start_level", accountability, 0, p.staff_accountability_sd!,
      starts[0]!);
    const first = this.rule("start_trust", trust, p.trust_readiness_link!,
      this.rule("readiness", x.motivation, x.capacity, own), p.readiness_pivot!, p.trust_sd!,
      starts[1]!);
    this.note(region, x.post, "accountability", "newcomer", x.accountability, account, null);
    this.note(region, x.post, "knowledge", "newcomer", x.knowledge, own, null);
    x.first_trust = first;
    x.first_accountability = x.accountability = account;
    x.first_knowledge = x.knowledge = own;
    this.change(region, x, "trust", "newcomer",
      this.call("newcomer_trust", first, teamTrust, p.newcomer_trust_share!));
    this.change(region, x, "integration", "newcomer",
      this.call("newcomer_integration", region.routines, own));
  }

  private providerLeaves(number: number): void {
    const share = this.p.handover_share!;
    this.skills[number] = this.week < this.input.tables.horizon
      ? this.space("skills", this.week + 1, number) : this.skills[number]!;
    this.seen.providersLeft.push(number);
    for (const region of this.regions) {
      if (region.about.provider !== number) continue;
      this.changeSite(region, "context", "handover",
        this.call("after_handover", region.context, 0, share));
      this.changeSite(region, "record", "handover",
        this.call("after_handover", region.record, region.usualRecord, share));
      this.promise(region, -1, "lapsed", region.owed);
      region.owed = 0;
      for (const x of region.staff) {
        this.change(region, x, "trust", "handover",
          this.call("after_handover", x.trust, x.first_trust, share));
      }
    }
  }

  // --- states at the end of the week ------------------------------------------------------------------------------

  private states(): RegionState[] {
    return this.regions.map((region) => ({
      people: region.staff.map(
        ({ trust, accountability, knowledge, integration, workload, open }) =>
          ({ trust, accountability, knowledge, integration, workload, open })),
      record: region.record,
      context: region.context,
      routines: region.routines,
      owed: region.owed,
      load: this.loads[region.about.provider!]!,
    }));
  }

  /** Compares this week's states with those of the compiled engine. */
  private compare(): void {
    const { layout, watched } = this.input;
    const start = this.week * watched.shape[1];
    const all = watched.spaces.people!.shape[0]!;
    for (const region of this.regions) {
      const { staff, first } = region.about as { staff: number; first: number };
      for (const x of region.staff) {
        layout.people.forEach((name, field) => {
          const at = start + layout.people.length * first + field * staff + x.post;
          const own = x[name as keyof Person] as number;
          if (!Object.is(own + 0, watched.snapshots[at]! + 0)) {
            this.differences.push(`week ${this.week}, person ${x.post}, ${name}`);
          }
        });
      }
      const own: Record<string, number> = {
        context: region.context, record: region.record, routines: region.routines,
        owed: region.owed,
      };
      for (const [name, value] of Object.entries(own)) {
        const at = start + all + region.index * layout.site.length + layout.site.indexOf(name);
        if (!Object.is(value + 0, watched.snapshots[at]! + 0)) {
          this.differences.push(`week ${this.week}, ${name}`);
        }
      }
    }
  }
}
