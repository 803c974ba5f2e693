/** Prices, the budget a year, and whose spending counts against it. */
import * as edits from "./edits";
import { Choice, Group, NumberField, TextField } from "./fields";
import type { Panel } from "./panel";
import { defaultOf, placeholders, PRICES, rangeOf } from "./read";
import { money } from "../words/text";

export function Money({ panel }: { panel: Panel }) {
  const { scenario, data, file, edits: write, t } = panel;
  const currency = file.currency;
  return (
    <Group name="money" title={t("money.title")} summary={moneySummary(panel)}>
      <div class="set-row">
        <NumberField
          panel={panel}
          label={t("money.budget")}
          money
          unit={currency}
          value={file.budget.a_year}
          placeholder={t("money.no_budget")}
          limits={{ minimum: 0, maximum: Infinity, above: true }}
          onValue={(value) => write.file(t("step.budget"), (one) => edits.setBudget(one, { a_year: value }), "budget")}
          onEmpty={() => write.file(t("step.budget"), (one) => edits.setBudget(one, { a_year: null }), "budget")}
        />
        <Choice
          wide
          label={t("money.whose")}
          value={file.budget.of}
          options={["centre", "all"].map((value) => ({ value, label: t(`money.of.${value}`) }))}
          onValue={(value) => write.file(t("step.budget"), (one) => edits.setBudget(one, { of: value as "centre" | "all" }))}
        />
      </div>
      <p class="set-hint">{t(`money.of_says.${file.budget.of}`)}</p>
      <div class="set-grid">
        {PRICES.map((field) => (
          <NumberField
            key={field}
            panel={panel}
            label={t(`money.${field}`)}
            money
            unit={currency}
            value={scenario.costs?.[field] ?? defaultOf(data.schema, "Costs", field)}
            limits={rangeOf(data.schema, "Costs", field)}
            onValue={(value) => write.scenario(t(`step.price`), (one) => edits.setCost(one, field, value), `costs.${field}`)}
          />
        ))}
        <TextField
          panel={panel}
          label={t("money.currency")}
          value={currency}
          longest={8}
          check={(typed) => (typed ? "" : t("money.no_currency"))}
          onValue={(value) => write.file(t("step.currency"), (one) => edits.setCurrency(one, value))}
        />
      </div>
      {placeholders(scenario) && <p class="set-hint">{t("money.placeholders")}</p>}
      <p class="set-hint">{t("money.says")}</p>
    </Group>
  );
}

export function moneySummary(panel: Panel): string {
  const { file, t } = panel;
  const { a_year, of } = file.budget;
  if (a_year === null) return t("money.summary_none", { currency: file.currency });
  return t(`money.summary_${of}`, { budget: money(a_year, file.currency) });
}
