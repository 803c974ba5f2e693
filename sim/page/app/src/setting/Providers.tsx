/** The providers: how many, who, their hours a week, and which regions each has. */
import { useState } from "preact/hooks";
import * as edits from "./edits";
import { Button, Check, Choice, Group, NumberField, TextField } from "./fields";
import { nameProblem } from "./names";
import type { Panel } from "./panel";
import { assignedOf, held, providersOf, rangeOf, readable, regionsOf } from "./read";
import { shown } from "./say";
import { sayLost } from "./Regions";

const FIRST = 12;
const MORE = 50;

export function Providers({ panel }: { panel: Panel }) {
  const { scenario, data, edits: write, t } = panel;
  const providers = providersOf(scenario, data.schema);
  const [visible, setVisible] = useState(FIRST);
  const logged = [...edits.loggedProviders(scenario)].map((name) => providers.names.indexOf(name) + 1);
  const least = Math.max(1, ...logged);
  const setCount = (value: number) => {
    const gone = leaving(panel, providers.names.slice(value));
    write.scenario(t("step.provider_count"), (one) => edits.setProviderCount(one, value, data.schema), "providers.count");
    if (gone.length) sayLost(panel, t("providers.fewer", { count: value }), gone);
    else panel.store.dismiss("setting"); // nothing is lost: a notice from a smaller number no longer holds
  };
  const limits = rangeOf(data.schema, "Providers", "weekly_hours");
  return (
    <Group name="providers" title={t("providers.title")} summary={providersSummary(panel)}>
      <div class="set-grid">
        <NumberField
          panel={panel}
          label={t("providers.number")}
          narrow
          value={providers.count}
          limits={{ ...rangeOf(data.schema, "Providers", "count"), minimum: least }}
          why={least > 1 ? t("providers.logged_range") : ""}
          onValue={setCount}
        />
        {providers.same && (
          <NumberField
            panel={panel}
            label={t("providers.hours")}
            narrow
            unit="h"
            value={providers.hours[0]}
            limits={limits}
            onValue={(value) => write.scenario(t("step.hours"), (one) => edits.setProviderHours(one, value, data.schema), "providers.hours")}
          />
        )}
      </div>
      <Check
        label={t("providers.each")}
        value={!providers.same}
        onValue={(each) => write.scenario(t("step.hours"), (one) => edits.setHoursEach(one, each, data.schema))}
      />
      <details class="set-more">
        <summary>{t("providers.names")}</summary>
        <ul class="set-list">
          {providers.names.slice(0, visible).map((name, i) => (
            <Provider key={name} panel={panel} name={name} index={i} />
          ))}
        </ul>
        {providers.count > visible && (
          <Button kind="quiet" onPress={() => setVisible(visible + MORE)}>
            {t("providers.more", { count: Math.min(MORE, providers.count - visible) })}
          </Button>
        )}
      </details>
      <Assignment panel={panel} />
    </Group>
  );
}

export function providersSummary(panel: Panel): string {
  const { scenario, data, t } = panel;
  const { count, hours, same } = providersOf(scenario, data.schema);
  if (same) return t("providers.summary", { count, hours: shown(hours[0]) });
  const total = hours.reduce((sum, one) => sum + one, 0);
  return t("providers.summary_each", { count, hours: shown(total) });
}

function Provider({ panel, name, index }: { panel: Panel; name: string; index: number }) {
  const { scenario, data, edits: write, t } = panel;
  const providers = providersOf(scenario, data.schema);
  const label = readable(name, data.words);
  const same = (typed: string) => (typed === label ? name : typed);
  const others = providers.names.filter((one) => one !== name);
  return (
    <li>
      <TextField
        panel={panel}
        label={t("providers.name_of", { provider: label })}
        quiet
        value={label}
        check={(typed) => nameProblem(panel, same(typed), others)}
        onValue={(typed) =>
          same(typed) !== name && write.scenario(t("step.provider_name"), (one) => edits.renameProvider(one, name, typed, data.schema))
        }
      />
      {!providers.same && (
        <NumberField
          panel={panel}
          label={t("providers.hours_of", { provider: label })}
          quiet
          narrow
          unit="h"
          value={providers.hours[index]}
          limits={rangeOf(data.schema, "Providers", "weekly_hours")}
          onValue={(value) =>
            write.scenario(t("step.hours"), (one) => edits.setProviderHours(one, value, data.schema, index), `providers.hours.${index}`)
          }
        />
      )}
      <Button
        kind="icon"
        label={t("providers.remove_of", { provider: label })}
        disabled={providers.count === 1 || edits.loggedProviders(scenario).has(name)}
        onPress={() => {
          const gone = leaving(panel, [name]);
          write.scenario(t("step.remove_provider"), (one) => edits.removeProvider(one, name, data.schema));
          sayLost(panel, t("providers.removed", { provider: label }), gone);
        }}
      >
        ✕
      </Button>
    </li>
  );
}

/** Sentences on the events that are removed together with some providers. */
function leaving(panel: Panel, names: string[]): string[] {
  const gone = new Set(names);
  return (panel.scenario.shocks ?? [])
    .filter((one: any) => one.kind === "provider_leaves" && gone.has(one.provider))
    .map((one: any) => panel.t("providers.lost_event", { provider: readable(one.provider, panel.data.words) }));
}

function Assignment({ panel }: { panel: Panel }) {
  const { scenario, data, edits: write, t } = panel;
  const [visible, setVisible] = useState(FIRST);
  const regions = regionsOf(scenario, data.schema).names;
  const providers = providersOf(scenario, data.schema).names;
  const assigned = assignedOf(scenario, data.schema);
  const own = Boolean(scenario.providers?.assignment);
  const options = providers.map((name) => ({ value: name, label: readable(name, data.words) }));
  return (
    <details class="set-more">
      <summary>{t(own ? "providers.assigned_own" : "providers.assigned_in_turn")}</summary>
      <ul class="set-list set-pairs">
        {regions.slice(0, visible).map((region) => (
          <li key={region}>
            <Choice
              label={readable(region, data.words)}
              value={held(assigned, region)!}
              options={options}
              onValue={(provider) => write.scenario(t("step.assignment"), (one) => edits.setAssigned(one, region, provider, data.schema))}
            />
          </li>
        ))}
      </ul>
      <div class="set-actions">
        {regions.length > visible && (
          <Button kind="quiet" onPress={() => setVisible(visible + MORE)}>
            {t("regions.more", { count: Math.min(MORE, regions.length - visible) })}
          </Button>
        )}
        {own && (
          <Button kind="quiet" onPress={() => write.scenario(t("step.assignment"), (one) => edits.setAssigned(one, null, "", data.schema))}>
            {t("providers.in_turn")}
          </Button>
        )}
      </div>
    </details>
  );
}
