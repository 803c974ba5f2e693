/** The setting of the plan on the screen: groups that fold, each with a summary in one line. */
import type { PageData, PlanAnswer, Runner } from "../types";
import type { Store } from "../ui/store";
import { Contacts } from "./Contacts";
import { Events } from "./Events";
import { History } from "./History";
import { Money } from "./Money";
import { More } from "./More";
import { usePanel } from "./panel";
import { Providers } from "./Providers";
import { Regions } from "./Regions";
import { Targets } from "./Targets";
import { When } from "./When";
import { openPlan } from "../model/plans";
import "./setting.css";

interface Props {
  store: Store;
  data: PageData;
  runner: Runner | null; // null: nothing can be computed here
  answer?: PlanAnswer;
}

export function Setting({ store, data, runner, answer }: Props) {
  const panel = usePanel(store, data, runner, answer);
  const plan = openPlan(panel.file).name;
  return (
    <div class="setting" key={plan}>
      <h2 class="unseen">{panel.t("title", { plan })}</h2>
      <When panel={panel} />
      <Regions panel={panel} />
      <Providers panel={panel} />
      <Contacts panel={panel} />
      <Events panel={panel} />
      <Money panel={panel} />
      <Targets panel={panel} />
      <History panel={panel} />
      <More panel={panel} />
    </div>
  );
}
