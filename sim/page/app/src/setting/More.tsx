/** Further fields of a plan: delivery work, a trend without assistance, the seed, values of the model's numbers. */
import { useState } from "preact/hooks";
import * as edits from "./edits";
import { Button, Choice, Group, NumberField } from "./fields";
import type { Panel } from "./panel";
import { defaultOf, horizonOf, rangeOf } from "./read";
import { shown } from "./say";
import { WeekChoice } from "./weekchoice";

export function More({ panel }: { panel: Panel }) {
  const { scenario, data, edits: write, t } = panel;
  const seed = scenario.seed ?? defaultOf(data.schema, "", "seed");
  return (
    <Group name="more" title={t("more.title")} summary={moreSummary(panel)}>
      <div class="set-grid">
        <NumberField
          panel={panel}
          label={t("more.seed")}
          narrow
          value={seed}
          limits={{ ...rangeOf(data.schema, "", "seed"), maximum: Number.MAX_SAFE_INTEGER }}
          onValue={(value) => write.scenario(t("step.seed"), (one) => edits.setField(one, "seed", value), "seed")}
        />
        <NumberField
          panel={panel}
          label={t("more.trend")}
          narrow
          step={0.01}
          value={scenario.background_trend ?? defaultOf(data.schema, "", "background_trend")}
          limits={rangeOf(data.schema, "", "background_trend")}
          onValue={(value) => write.scenario(t("step.trend"), (one) => edits.setField(one, "background_trend", value), "trend")}
        />
      </div>
      <p class="set-hint">{t("more.seed_says")}</p>
      <Delivery panel={panel} />
      <Parameters panel={panel} />
    </Group>
  );
}

export function moreSummary(panel: Panel): string {
  const { scenario, t } = panel;
  const own = Object.keys(scenario.parameters ?? {}).length;
  const parts = [
    own ? t("more.own", { count: own }) : "",
    edits.deliveryOf(scenario).length ? t("more.delivery_set") : "",
    scenario.background_trend ? t("more.trend_set") : "",
  ].filter(Boolean);
  return parts.length ? parts.join(" · ") : t("more.usual");
}

function Delivery({ panel }: { panel: Panel }) {
  const { scenario, data, edits: write, t } = panel;
  const list = edits.deliveryOf(scenario);
  const horizon = horizonOf(scenario, data.schema);
  const set = (next: any[], id?: string) => write.scenario(t("step.delivery"), (one) => edits.setDelivery(one, next), id);
  const change = (index: number, patch: Record<string, any>, id?: string) =>
    set(
      list.map((one, i) => (i === index ? { ...one, ...patch } : one)),
      id && `delivery.${index}.${id}`,
    );
  const add = () => set([...list, { week: Math.min(53, horizon), until_week: Math.min(104, horizon), share: 0.2 }]);
  return (
    <div>
      <h4>{t("more.delivery")}</h4>
      <p class="set-hint">{t("more.delivery_says")}</p>
      {list.map((one, i) => (
        <div class="set-row" key={i}>
          <WeekChoice panel={panel} label={t("events.from")} value={one.week} at="first" maximum={one.until_week} onWeek={(week) => change(i, { week })} />
          <WeekChoice panel={panel} label={t("events.until")} value={one.until_week} at="last" minimum={one.week} onWeek={(week) => change(i, { until_week: week })} />
          <NumberField
            panel={panel}
            label={t("more.delivery_share")}
            narrow
            percent
            step={0.05}
            value={one.share}
            limits={rangeOf(data.schema, "DeliveryWork", "share")}
            onValue={(share) => change(i, { share }, "share")}
          />
          <Button kind="icon" label={t("more.delivery_remove")} onPress={() => set(list.filter((_, j) => j !== i))}>
            ✕
          </Button>
        </div>
      ))}
      <Button kind="quiet" onPress={add}>
        {t("more.delivery_add")}
      </Button>
    </div>
  );
}

/** The model's numbers that the plan sets itself, and a choice to add another. */
function Parameters({ panel }: { panel: Panel }) {
  const { scenario, data, edits: write, t } = panel;
  const own: Record<string, number> = scenario.parameters ?? {};
  const [wanted, setWanted] = useState("");
  const about = (name: string) => data.parameters.find((one) => one.name === name);
  const label = (name: string) => about(name)?.meaning ?? name;
  const limits = (name: string) => {
    const found = about(name);
    const whole = { minimum: found?.minimum ?? -Infinity, maximum: found?.maximum ?? Infinity };
    if (scenario.beyond_range || !found || found.low === null || found.high === null) return whole;
    return { minimum: found.low, maximum: found.high };
  };
  const set = (name: string, value: number | undefined, id?: string) =>
    write.scenario(t("step.parameter"), (one) => edits.setParameter(one, name, value), id);
  const others = data.parameters.filter((one) => !(one.name in own) && one.role !== "lever");
  const options = [{ value: "", label: t("more.choose") }, ...others.map((one) => ({ value: one.name, label: one.meaning }))];
  return (
    <div>
      <h4>{t("more.numbers")}</h4>
      <p class="set-hint">{t("more.numbers_say")}</p>
      <ul class="set-list">
        {Object.entries(own).map(([name, value]) => (
          <li key={name}>
            <NumberField
              panel={panel}
              label={t("more.number_of", { meaning: label(name), usual: shown(about(name)?.default ?? 0) })}
              narrow
              step={0.01}
              value={value}
              limits={limits(name)}
              why={scenario.beyond_range ? "" : t("more.plausible")}
              onValue={(next) => set(name, next, `parameters.${name}`)}
            />
            <Button kind="icon" label={t("more.number_remove", { meaning: label(name) })} onPress={() => set(name, undefined)}>
              ✕
            </Button>
          </li>
        ))}
      </ul>
      <Choice
        label={t("more.another")}
        value={wanted}
        options={options}
        onValue={(name) => {
          const found = about(name);
          setWanted("");
          if (found) set(name, found.default);
        }}
      />
    </div>
  );
}
