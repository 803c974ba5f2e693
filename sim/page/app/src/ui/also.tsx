/** Fields of a plan that no control shows: they are listed, and saved unchanged. */
import { alsoIn } from "../model/controls";
import { openPlan } from "../model/plans";
import type { PageData } from "../types";
import { type Store, useStore } from "./store";
import "./documents.css";

export function AlsoInPlan({ store, data }: { store: Store; data: PageData }) {
  const scenario = useStore((state) => openPlan(state.file).scenario, store);
  const found = alsoIn(scenario, data);
  if (!found.length) return null;
  return (
    <details class="also">
      <summary>
        {store.say("also")} <span class="also-count">{store.say("also_count", { count: found.length })}</span>
      </summary>
      <p>{store.say("also_kept")}</p>
      <dl>
        {found.map((one) => (
          <div key={one.path.join(".")}>
            <dt>{one.name}</dt>
            <dd>
              {one.value}
              {one.meaning && <small>{one.meaning}</small>}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
