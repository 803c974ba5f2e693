/** What the time of a contact is used for: a named mix, or an own one that always sums to 100 %. */
import { useState } from "preact/hooks";
import type { ScenarioData } from "../types";
import * as edits from "./edits";
import { Choice, Slider } from "./fields";
import type { Panel } from "./panel";
import { presetOf, referenceMix, sharesOf } from "./read";

export function Done({ panel, index }: { panel: Panel; index: number }) {
  const { scenario, data, edits: write, t } = panel;
  const said = scenario.dosage[index].functions;
  const { names, presets, meanings } = data.functions;
  const preset = presetOf(said, data);
  const [opened, setOpened] = useState(false);
  const own = preset === "own" || opened;
  const shares = sharesOf(said, data) ?? presets[referenceMix(data)];
  const percents = edits.percentsOf(shares, names);
  const options = [...Object.keys(presets), "own"].map((value) => ({ value, label: t(`done.presets.${value}`) }));
  const label = t("step.done");
  const choose = (value: string) => {
    setOpened(value === "own");
    if (value !== "own") write.scenario(label, (one) => edits.setFunctions(one, index, value, data));
  };
  const move = (name: string, value: number) => {
    const mixed = (one: ScenarioData) => {
      const before = sharesOf(one.dosage[index].functions, data) ?? presets[referenceMix(data)];
      const after = edits.mixedTo(edits.percentsOf(before, names), name, value);
      return edits.setFunctions(one, index, edits.sharesOfPercents(after), data);
    };
    write.scenario(label, mixed, `dosage.${index}.functions.${name}`);
  };
  return (
    <div class="set-done">
      <Choice label={t("done.title")} value={own ? "own" : preset} options={options} onValue={choose} />
      <div class="set-mix" aria-hidden="true">
        {names.map((name) => percents[name] > 0 && <i key={name} class={`set-done-${name}`} style={{ flexGrow: percents[name] }} title={t(`done.names.${name}`)} />)}
      </div>
      <p class="set-hint set-legend">
        {names.map(
          (name) =>
            percents[name] > 0 && (
              <span key={name}>
                <i class={`set-done-${name}`} aria-hidden="true" />
                {t("done.share", { name: t(`done.names.${name}`), share: percents[name] })}
              </span>
            ),
        )}
      </p>
      {own
        ? names.map((name) => (
            <Slider
              key={name}
              panel={panel}
              label={t(`done.names.${name}`)}
              value={percents[name]}
              maximum={100}
              step={1}
              text={`${percents[name]} %`}
              onValue={(value) => move(name, value)}
            />
          ))
        : meanings && <p class="set-hint">{meanings[preset]}</p>}
      {own && <p class="set-hint">{t("done.sum")}</p>}
    </div>
  );
}
