/** The views of the page and what stands around them. */
import { useEffect } from "preact/hooks";
import { openPlan } from "../model/plans";
import { Setting } from "../setting/Setting";
import { useEngine } from "./engine";
import { Columns, Frame, type View, VIEWS } from "./Frame";
import { DocumentTools, PlansBar } from "./plans_bar";
import { type Store, StoreContext, useStore } from "./store";
import { Boundary, DataContext, Toasts, useSay } from "./widgets";
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
  const view = useStore((state) => viewOf(state.place.view));
  const notices = useStore((state) => state.notices);
  const plan = useStore((state) => openPlan(state.file).name);
  useEffect(() => {
    document.title = say("frame.title", { plan });
  }, [plan]);
  return (
    <Boundary part={say("frame.parts.page")}>
      <Frame
        view={view}
        onView={(chosen) => store.go({ view: chosen === "plan" ? "" : chosen })}
        tools={<DocumentTools store={store} data={store.data} />}
        plans={<PlansBar store={store} data={store.data} />}
      >
        <Boundary part={say(`frame.parts.${view === "plan" ? "see" : view}`)} key={view}>
          {view === "plan" && <Columns set={engine.how === "ready" && <Setting store={store} data={store.data} runner={engine.runner} />} see={null} />}
        </Boundary>
      </Frame>
      <Toasts toasts={notices} onClose={(id) => store.dismiss(id)} />
    </Boundary>
  );
}

function viewOf(name: string | undefined): View {
  return VIEWS.find((one) => one === name) ?? "plan";
}
