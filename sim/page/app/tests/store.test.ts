import assert from "node:assert/strict";
import { test } from "node:test";
import { cleanName, letterOf, uniqueName } from "../src/model/plans";
import { migrated } from "../src/ui/keep";
import { Store, type Surroundings, timeOf } from "../src/ui/store";
import type { PageData, PlansFile } from "../src/types";
import words from "../../words.json";

class Drawer {
  entries = new Map<string, string>();
  room = Infinity;
  getItem(key: string): string | null {
    return this.entries.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    const others = [...this.entries].filter(([name]) => name !== key).reduce((sum, [name, text]) => sum + name.length + text.length, 0);
    if (others + key.length + value.length > this.room) throw Object.assign(new Error("full"), { name: "QuotaExceededError" });
    this.entries.set(key, value);
  }
  removeItem(key: string): void {
    this.entries.delete(key);
  }
}

const data = {
  words,
  opened: null,
  scenarios: [
    { key: "example", group: "example", scenario: { name: "An example" } },
    { key: "planning", group: "start", scenario: { name: "Planning case", horizon_weeks: 104 } },
  ],
} as unknown as PageData;

/** A simulated browser tab: the test runs its timers, and its clock goes on by a second at each reading. */
function tab(drawer: Drawer | null, hash = "", given = data) {
  const listeners: Record<string, ((event: any) => void)[]> = {};
  const timers = new Map<number, () => void>();
  let second = 0;
  const state = { hash, steps: 0 };
  const around: Surroundings = {
    shelf: drawer,
    now: () => new Date(2027, 0, 4, 14, 2, second++),
    later: (run) => (timers.set(timers.size + second, run), timers.size + second - 1),
    cancel: (timer) => timers.delete(timer as number),
    readHash: () => state.hash,
    writeHash: (next, step) => {
      state.steps += step ? 1 : 0;
      state.hash = next;
    },
    listen: (event, run) => (listeners[event] ??= []).push(run),
  };
  const store = new Store(given, around);
  return {
    store,
    state,
    fire: (event: string, detail: any = {}) => listeners[event].forEach((run) => run(detail)),
    tick: () => [...timers.entries()].forEach(([id, run]) => (timers.delete(id), run())),
  };
}

const names = (file: PlansFile) => file.plans.map((plan) => plan.name);
const notice = (store: Store, id: string) => store.get().notices.find((one) => one.id === id);

test("a new document begins with the first scenario to start from, under the name of the plan", () => {
  const { store } = tab(new Drawer());
  assert.deepEqual(names(store.file), ["What we do now"]);
  assert.equal(store.file.plans[0].scenario.horizon_weeks, 104);
  assert.equal(store.file.plans[0].scenario.name, "What we do now");
  assert.equal(store.get().saved.how, "new");
});

test("undo and redo walk through every step; a drag is one step until it settles", () => {
  const { store } = tab(new Drawer());
  const weeks = () => store.file.plans[0].scenario.horizon_weeks;
  for (const n of [110, 120, 130]) store.change("length", (s) => ({ ...s, horizon_weeks: n }), { drag: "horizon" });
  store.settle();
  for (const n of [140, 150]) store.change("length", (s) => ({ ...s, horizon_weeks: n }), { drag: "horizon" });
  store.change("name", (s) => ({ ...s, question: "Why?" }));
  store.undo();
  assert.equal(weeks(), 150);
  store.undo();
  assert.equal(weeks(), 130);
  store.undo();
  assert.equal(weeks(), 104);
  assert.equal(store.get().undo, null);
  store.redo();
  store.redo();
  assert.equal(weeks(), 150);
  assert.equal(store.get().redo, "name");
  store.change("length", (s) => ({ ...s, horizon_weeks: 90 }));
  assert.equal(store.get().redo, null);
});

test("a change that changes nothing is no step", () => {
  const { store } = tab(new Drawer());
  store.change("length", (s) => s);
  store.rename("What we do now", "   ");
  store.rename("no such plan", "other");
  store.remove("What we do now"); // the last plan stays
  assert.equal(store.get().undo, null);
});

test("changing the document in place is an error where it is made", () => {
  const { store } = tab(new Drawer());
  assert.throws(() => store.change("x", (s) => ((s.horizon_weeks = 1), s)), TypeError);
  assert.equal(store.file.plans[0].scenario.horizon_weeks, 104);
});

test("undo shows the plan in which it changes something", () => {
  const { store } = tab(new Drawer());
  store.newPlan("example");
  store.change("length", (s) => ({ ...s, horizon_weeks: 50 }));
  store.open("What we do now");
  store.undo();
  assert.equal(store.file.open, "An example");
});

test("plans are made, copied, renamed, moved, compared to and deleted; names stay unique", () => {
  const { store } = tab(new Drawer());
  store.newPlan("planning", "b");
  store.duplicate("b");
  assert.deepEqual(names(store.file), ["What we do now", "b", "b (copy)"]);
  assert.equal(store.file.plans[2].scenario.name, "b (copy)");
  store.rename("b (copy)", "B");
  assert.deepEqual(names(store.file), ["What we do now", "b", "B 2"]);
  store.setReference("b");
  store.move("b", 0);
  assert.deepEqual(names(store.file), ["b", "What we do now", "B 2"]);
  store.rename("b", "<img src=x onerror=alert(1)>\n\u0000 #'\"");
  assert.equal(store.file.reference, "<img src=x onerror=alert(1)> #'\"");
  store.remove(store.file.reference!);
  assert.equal(store.file.reference, null);
  assert.equal(notice(store, "deleted")!.text, "The plan “<img src=x onerror=alert(1)> #'\"” was deleted.");
});

test("moving the first plan away keeps it the one that others are compared to", () => {
  const { store } = tab(new Drawer());
  store.newPlan(null, "b");
  store.move("What we do now", 1);
  assert.equal(store.file.reference, "What we do now");
});

test("a deleted plan comes back at its place, also after other changes", () => {
  for (const also of [false, true]) {
    const { store } = tab(new Drawer());
    store.newPlan("example", "b");
    store.newPlan("example", "c");
    store.setReference("b");
    store.remove("b");
    if (also) store.change("length", (s) => ({ ...s, horizon_weeks: 60 }));
    notice(store, "deleted")!.actions[0].run();
    assert.deepEqual(names(store.file), ["What we do now", "b", "c"]);
    assert.equal(store.file.reference, "b");
    assert.equal(store.file.plans[2].scenario.horizon_weeks, also ? 60 : undefined);
  }
});

test("names: one line, no control characters, at most 80 characters as Python counts them", () => {
  assert.equal(cleanName(" a\tb\u0000\u2028c  d "), "a b c d");
  assert.equal([...cleanName("\u{1f600}".repeat(100))].length, 80);
  assert.equal(cleanName("\ud800"), "");
  const file = { plans: [{ name: "x".repeat(80) }] } as PlansFile;
  assert.equal(uniqueName(file, "x".repeat(80)), "x".repeat(78) + " 2");
  assert.deepEqual([0, 25, 26, 27, 52].map(letterOf), ["A", "Z", "AA", "AB", "BA"]);
});

test("the document is kept after a while, and is there tomorrow", () => {
  const drawer = new Drawer();
  const one = tab(drawer);
  one.store.rename("What we do now", "Today");
  assert.equal(one.store.get().saved.how, "waiting");
  assert.equal(drawer.entries.size, 0);
  one.tick();
  const saved = one.store.get().saved;
  assert.ok(saved.how === "kept" && timeOf(saved.at) === "14:02");
  assert.deepEqual(names(tab(drawer).store.file), ["Today"]);
});

test("what waits is written when the page is left, and then nothing would be lost", () => {
  const drawer = new Drawer();
  const one = tab(drawer);
  one.store.rename("What we do now", "Today");
  assert.ok(one.store.wouldBeLost);
  let asked = false;
  one.fire("beforeunload", { preventDefault: () => (asked = true) });
  assert.ok(!asked);
  assert.deepEqual(names(tab(drawer).store.file), ["Today"]);
});

test("a browser that keeps nothing loses nothing in the session, and leaving asks until a file is saved", () => {
  const forbidding = new Drawer();
  forbidding.getItem = () => {
    throw new Error("SecurityError");
  };
  for (const drawer of [null, forbidding]) {
    const one = tab(drawer);
    assert.deepEqual(one.store.get().saved, { how: "nothing", why: "forbidden" });
    let asked = 0;
    const leave = () => one.fire("beforeunload", { preventDefault: () => asked++ });
    leave();
    assert.equal(asked, 0);
    one.store.newPlan("example");
    one.tick();
    leave();
    assert.equal(asked, 1);
    one.store.savedToFile();
    leave();
    assert.equal(asked, 1);
    assert.equal(one.store.file.plans.length, 2);
  }
});

test("a full storage keeps the last document that fitted, and takes the next that fits", () => {
  const drawer = new Drawer();
  const one = tab(drawer);
  one.store.rename("What we do now", "fits");
  one.tick();
  drawer.room = 1000;
  one.store.change("words", (s) => ({ ...s, description: "x".repeat(5000) }));
  one.tick();
  assert.deepEqual(one.store.get().saved, { how: "nothing", why: "full" });
  assert.deepEqual(names(tab(drawer).store.file), ["fits"]);
  one.store.undo();
  one.tick();
  assert.equal(one.store.get().saved.how, "kept");
});

function twoTabs() {
  const drawer = new Drawer();
  const first = tab(drawer);
  first.store.rename("What we do now", "start");
  first.tick();
  const second = tab(drawer);
  first.store.newPlan("example", "of the first");
  first.tick();
  const event = { key: "codose.plans", newValue: drawer.getItem("codose.plans") };
  return { drawer, first, second, event };
}

test("another tab's changes are said and never written over in silence, with the event or without it", () => {
  for (const heard of [true, false]) {
    const { drawer, second, event } = twoTabs();
    if (heard) second.fire("storage", event);
    second.store.newPlan("example", "of the second");
    second.tick();
    assert.equal(second.store.get().saved.how, "other");
    assert.ok(second.store.wouldBeLost);
    assert.match(drawer.getItem("codose.plans")!, /of the first/);
    assert.equal(notice(second.store, "other")!.actions.length, 3);
  }
});

test("two tabs: keep both, take theirs, keep mine; each can be undone", () => {
  const expected = [
    ["start", "of the second", "of the first"],
    ["start", "of the first"],
    ["start", "of the second"],
  ];
  for (const [choice, wanted] of expected.entries()) {
    const { drawer, second, event } = twoTabs();
    second.store.newPlan("planning", "of the second");
    second.fire("storage", event);
    notice(second.store, "other")!.actions[choice].run();
    assert.deepEqual(names(second.store.file), wanted);
    assert.deepEqual(names(JSON.parse(drawer.getItem("codose.plans")!).file), wanted);
    assert.equal(notice(second.store, "other"), undefined);
    assert.equal(second.store.get().saved.how, "kept");
    second.store.undo();
    assert.equal(second.store.file.plans.length, choice === 2 ? 1 : 2);
  }
});

test("looking at another plan in one tab is no change that the other has to hear of", () => {
  const { first, second, event } = twoTabs();
  second.fire("storage", event);
  notice(second.store, "other")!.actions[1].run();
  first.store.open("start");
  first.tick();
  assert.equal(second.store.get().saved.how, "kept");
  second.store.change("x", (s) => ({ ...s, seed: 5 }));
  second.tick();
  assert.equal(second.store.get().saved.how, "kept");
});

test("a storage that was emptied is filled again by the tab that has the plans", () => {
  const { drawer, first } = twoTabs();
  drawer.entries.clear();
  first.fire("storage", { key: null, newValue: null });
  assert.match(drawer.getItem("codose.plans")!, /of the first/);
});

test("damaged and newer entries are kept aside and said", () => {
  const newer = JSON.stringify({ codose: "page", format: 1, at: new Date().toISOString(), by: "x", file: { codose: "plans", version: 9 } });
  for (const [text, said] of [["{", /cannot be read/], ["null", /cannot be read/], ['{"codose":"page","format":1}', /cannot be read/], [newer, /newer codose/]] as const) {
    const drawer = new Drawer();
    drawer.entries.set("codose.plans", text);
    const one = tab(drawer);
    assert.match(notice(one.store, "aside")!.text, said);
    one.store.newPlan("example");
    one.tick();
    assert.equal(drawer.getItem("codose.plans.aside.1"), text);
    assert.equal(one.store.get().saved.how, "kept");
  }
});

test("a damaged entry stays where it is when there is no room to put it aside", () => {
  const drawer = new Drawer();
  drawer.entries.set("codose.plans", "{".repeat(100));
  drawer.room = 112;
  const one = tab(drawer);
  one.store.newPlan("example");
  one.tick();
  assert.equal(drawer.getItem("codose.plans"), "{".repeat(100));
  assert.equal(one.store.get().saved.how, "nothing");
});

test("earlier versions are made into this one step by step", () => {
  const steps = { 1: (old: any) => ({ ...old, version: 2, b: 1 }), 2: (old: any) => ({ ...old, version: 3, c: 1 }) };
  assert.deepEqual(migrated({ codose: "plans", version: 1 }, steps, 3), { codose: "plans", version: 3, b: 1, c: 1 });
  assert.equal(migrated({ codose: "plans", version: 4 }, steps, 3), "newer");
  assert.equal(migrated({ codose: "plans", version: 0 }, steps, 3), null);
});

test("a page that came with plans keeps its changes apart from other pages", () => {
  const drawer = new Drawer();
  const one = tab(drawer);
  one.store.rename("What we do now", "mine");
  one.tick();
  const opened = { ...one.store.file, open: "theirs", plans: [{ name: "theirs", scenario: { name: "theirs" } }] };
  const mailed = tab(drawer, "", { ...data, opened } as PageData);
  assert.deepEqual(names(mailed.store.file), ["theirs"]);
  mailed.store.newPlan(null, "and mine");
  mailed.tick();
  assert.deepEqual(names(tab(drawer).store.file), ["mine"]);
  assert.deepEqual(names(tab(drawer, "", { ...data, opened } as PageData).store.file), ["theirs", "and mine"]);
});

test("the address says view, plan and outcome; a view is a step of the browser's history", () => {
  const one = tab(new Drawer(), "#view=class&story=leaves&plan=nobody");
  assert.deepEqual(one.store.get().place, { view: "class", story: "leaves", plan: "What we do now" });
  one.store.go({ outcome: "trust" });
  assert.equal(one.state.steps, 0);
  one.store.go({ view: "plan", story: "" });
  assert.equal(one.state.steps, 1);
  assert.equal(one.state.hash, "#view=plan&plan=What+we+do+now&outcome=trust");
  one.store.newPlan(null, "a & b = #1");
  one.store.open("What we do now");
  one.state.hash = "#view=plan&plan=a+%26+b+%3D+%231";
  one.fire("hashchange");
  assert.equal(one.store.file.open, "a & b = #1");
});

test("the Undo of a notice takes back its own step, or is gone: with a later step, with Undo elsewhere", () => {
  const { store } = tab(new Drawer());
  const weeks = () => store.file.plans[0].scenario.horizon_weeks;
  const longer = () => store.change("length", (s) => ({ ...s, horizon_weeks: s.horizon_weeks + 1 }));
  longer();
  store.tell("setting", "Longer.", ["more"], [{ label: "also", run: () => undefined }]);
  store.newPlan("example");
  store.open("What we do now"); // opening a plan is no step, so the notice stays
  assert.equal(notice(store, "setting")!.actions.length, 0); // the new plan was a step, so the notice lost its actions
  longer();
  store.tell("setting", "Longer.");
  store.open("An example");
  store.open("What we do now");
  notice(store, "setting")!.actions[0].run();
  assert.equal(weeks(), 105);
  assert.equal(notice(store, "setting"), undefined);
  longer();
  store.tell("setting", "Longer.");
  store.undo(); // the Undo at the head of the page
  assert.equal(notice(store, "setting"), undefined);
  store.redo();
  assert.equal(notice(store, "setting"), undefined);
});

test("a deleted plan comes back by its notice after other changes, once", () => {
  const { store } = tab(new Drawer());
  store.newPlan("example");
  store.remove("An example");
  store.change("length", (s) => ({ ...s, horizon_weeks: 60 }));
  notice(store, "deleted")!.actions[0].run();
  assert.deepEqual(names(store.file), ["What we do now", "An example"]);
  assert.equal(store.file.plans[0].scenario.horizon_weeks, 60);
  assert.equal(notice(store, "deleted"), undefined);
  store.remove("An example");
  store.undo();
  assert.equal(notice(store, "deleted"), undefined); // the plan is there again, so nothing is to be brought back
});

test("a sentence with forms takes the one for its number", () => {
  const { store } = tab(new Drawer());
  assert.match(store.say("log_series_ended", { count: 1 }), /^One row of contacts/);
  assert.match(store.say("log_series_ended", { count: 2 }), /^2 rows of contacts/);
});
