/** The views of the page and the frame around them. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { Best } from "../best";
import { Class } from "../klass";
import { plansFileName } from "../model/files";
import { addNew, openPlan, withScenario } from "../model/plans";
import { Foot, HandOn, Printed, Results, RestsOn } from "../results";
import { Setting } from "../setting/Setting";
import type { Answers } from "../study/answer";
import type { PageRunner } from "../study/runner";
import type { Scenario } from "../types";
import { AlsoInPlan } from "./also";
import { saveAll } from "./documents";
import { type EngineState, useEngine } from "./engine";
import { Columns, Frame, type View, VIEWS } from "./Frame";
import { DocumentTools, PlansBar } from "./plans_bar";
import { lastResults } from "./last";
import { type Store, StoreContext, useStore } from "./store";
import { Boundary, DataContext, Skeleton, Toasts, useSay } from "./widgets";
import { useAnswers, useWork, type Work } from "./work";
import "./styles.css";

export function App({ store }: { store: Store }) {
  return (
    <DataContext.Provider value={store.data}>
      <StoreContext.Provider value={store}>
        <Page store={store} />
      </StoreContext.Provider>
    </DataContext.Provider>
  );
}

function Page({ store }: { store: Store }) {
  const say = useSay();
  const engine = useEngine(store.data);
  const runner = engine.how === "ready" ? engine.runner : null;
  const answers = useAnswers(store, runner);
  const view = useStore((state) => viewOf(state.place.view));
  const work = useWork(store, view === "class" ? null : answers);
  const notices = useStore((state) => state.notices);
  const plan = useStore((state) => openPlan(state.file).name);
  useEffect(() => {
    document.title = say("frame.title", { plan });
  }, [plan]);
  const file = useStore((state) => state.file);
  const foot = <Foot answer={work.answer} file={plansFileName(file)} />;
  const handOn = { store, data: store.data, runner, answer: work.answer, comparison: work.comparison };
  return (
    <Boundary part={say("frame.parts.page")} onSave={() => saveAll(store)}>
      <Frame
        view={view}
        onView={(chosen) => store.go({ view: chosen === "plan" ? "" : chosen })}
        tools={
          <>
            <DocumentTools store={store} data={store.data} />
            {view !== "class" && <HandOn {...handOn} />}
          </>
        }
        plans={view !== "class" && <PlansBar store={store} data={store.data} />}
        foot={view === "class" ? undefined : foot}
      >
        <Boundary part={say(`frame.parts.${view}`)} key={view} onSave={() => saveAll(store)}>
          {view === "plan" && <PlanView {...{ store, engine, answers, work }} />}
          {view === "class" && <Class data={store.data} runner={runner} store={store} />}
          {view === "rests" && <Rests store={store} work={work} />}
        </Boundary>
      </Frame>
      <Toasts toasts={notices} onClose={(id) => store.dismiss(id)} />
    </Boundary>
  );
}

interface PlanViewProps {
  store: Store;
  engine: EngineState;
  answers: Answers | null;
  work: Work;
}

function PlanView({ store, engine, answers, work }: PlanViewProps) {
  const say = useSay();
  const { data } = store;
  const file = useStore((state) => state.file);
  const runner = engine.how === "ready" ? engine.runner : null;
  const given = { data, file, plan: openPlan(file), answer: work.answer, comparison: work.comparison };
  const set = engine.how === "starting"
    ? <Skeleton height="24rem" />
    : <Setting store={store} data={data} runner={runner} answer={work.answer ?? undefined} />;
  if (engine.how === "none" || engine.how === "failed") return <Columns set={set} see={<AsItWas store={store} why={engine} />} />;
  const see = (
    <Results
      {...{ store, data }}
      {...work}
      onAgain={work.again}
      best={runner && answers && <BestUse {...{ store, runner, answers }} />}
    />
  );
  return (
    <>
      <Columns
        set={
          <Boundary part={say("frame.parts.set")} onSave={() => saveAll(store)}>
            {set}
            <AlsoInPlan store={store} data={data} />
          </Boundary>
        }
        see={
          <Boundary part={say("frame.parts.see")} onSave={() => saveAll(store)}>
            {see}
          </Boundary>
        }
      />
      <Printed {...given} reason={work.error} />
    </>
  );
}

/** Shown where the page cannot compute: the reason, and the last results. */
function AsItWas({ store, why }: { store: Store; why: EngineState }) {
  const say = useSay();
  const file = useStore((state) => state.file);
  const [last] = useState(lastResults);
  const same = last !== null && JSON.stringify(last.plan) === JSON.stringify(openPlan(file).scenario);
  const way = why.how === "failed" ? "engine_failed" : same ? "no_engine" : "no_engine_yet";
  return (
    <>
      <p class="no-engine" role="alert">
        {say(`frame.${way}`, { why: why.how === "failed" ? why.why : "" })}
      </p>
      {same && (
        <Results
          {...{ store, data: store.data }}
          answer={{ ...last.answer, plan: openPlan(file).name }}
          comparison={last.comparison}
          busy={false}
        />
      )}
    </>
  );
}

function Rests({ store, work }: { store: Store; work: Work }) {
  const file = useStore((state) => state.file);
  const { answer, comparison } = work;
  return <RestsOn data={store.data} file={file} plan={openPlan(file)} answer={answer} comparison={comparison} />;
}

/** The search for the best use of the budget; empty where the plan cannot be run. */
function BestUse({ store, runner, answers }: { store: Store; runner: PageRunner; answers: Answers }) {
  const file = useStore((state) => state.file);
  const plan = openPlan(file);
  const scenario = useMemo<Scenario | null>(() => {
    try {
      return answers.scenarioOf(plan);
    } catch {
      return null; // the verdict says what is wrong
    }
  }, [answers, plan.scenario]);
  const sets = useMemo(() => (scenario ? runner.sets.within(scenario) : []), [runner, scenario]);
  if (scenario === null) return null;
  return (
    <Best
      {...{ data: store.data, file, plan, scenario, runner, sets }}
      replicates={store.data.sets.replicates}
      seed={scenario.seed}
      onUse={(chosen, { step, said, beside, line }) => {
        const apart = () => {
          store.dismiss("used");
          store.update(step, () => addNew(file, line, chosen, plan.source));
        };
        store.update(step, (before) => withScenario(before, () => chosen, plan.name));
        store.tell("used", said, undefined, [{ label: beside, run: apart }]);
      }}
      onSet={(what) => openGroup(what)}
      onRests={() => store.go({ view: "rests" })}
    />
  );
}

/** Opens a group of the setting and goes there. */
function openGroup(what: "budget" | "target"): void {
  const group = document.getElementById(`setting-${what === "budget" ? "money" : "targets"}`) as HTMLDetailsElement | null;
  if (!group) return;
  group.open = true;
  group.scrollIntoView({ block: "nearest" });
  group.querySelector<HTMLElement>("input, select, button")?.focus();
}

function viewOf(name: string | undefined): View {
  return VIEWS.find((one) => one === name) ?? "plan";
}
