/** The controls of a story: moving through the weeks, speed, the outcome that is shown, present mode. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useSay } from "../ui/widgets";
import type { Story } from "./story";

export const SPEEDS = [1, 2, 4, 8, 16] as const;

interface ControlsProps {
  story: Story;
  week: number;
  limit: number;
  horizon: number;
  playing: boolean;
  speed: number;
  pause: boolean; // whether playing pauses at contacts
  present: boolean;
  contacts: number[];
  off: readonly string[];
  action: ComponentChildren;
  onWeek: (week: number) => void;
  onPlaying: (playing: boolean) => void;
  onSpeed: (speed: number) => void;
  onPause: (pause: boolean) => void;
  onPresent: () => void;
  onOff: (off: string[]) => void;
}

export function Controls(props: ControlsProps) {
  const { story, week, limit, horizon, playing, speed, pause, present, contacts, off } = props;
  const say = useSay();
  const share = (one: number) => `${(100 * one) / horizon}%`;
  return (
    <footer class="k-controls">
      {props.action}
      <div class="k-buttons" role="group" aria-label={say("class.controls.weeks")}>
        <button type="button" disabled={week === 0} onClick={() => props.onWeek(week - 1)}>{say("class.controls.back")}</button>
        <button type="button" class="k-play" aria-pressed={playing} disabled={limit === 0} onClick={() => props.onPlaying(!playing)}>
          {say(playing ? "class.controls.stop" : "class.controls.play")}
        </button>
        <button type="button" disabled={week >= limit} onClick={() => props.onWeek(week + 1)}>{say("class.controls.on")}</button>
      </div>
      <label class="k-slider">
        <span>{say("class.controls.week", { week })}</span>
        <span class="k-track">
          {contacts.map((one) => <i key={one} style={{ left: share(one) }} />)}
          <b style={{ width: share(limit) }} />
          <input
            type="range" min="0" max={horizon} value={week} aria-valuetext={say("class.controls.week", { week })}
            aria-label={say("class.controls.slider", { limit })}
            onInput={(event) => {
              const wanted = Math.min(limit, Number(event.currentTarget.value));
              event.currentTarget.value = String(wanted);
              props.onWeek(wanted);
            }}
          />
        </span>
      </label>
      <div class="k-options">
        <Fold name={say("class.controls.options", { speed })}>
          <label>
            {say("class.controls.speed")}{" "}
            <select value={speed} onChange={(event) => props.onSpeed(Number(event.currentTarget.value))}>
              {SPEEDS.map((one) => <option key={one} value={one}>{say("class.controls.speed_of", { speed: one })}</option>)}
            </select>
          </label>
          <label class="k-check">
            <input type="checkbox" checked={pause} onChange={(event) => props.onPause(event.currentTarget.checked)} />
            {say("class.controls.pause")}
          </label>
          <p class="k-small">{say("class.controls.keys")}</p>
        </Fold>
        {story.switches && <Switches story={story} off={off} onOff={props.onOff} />}
        <button type="button" class="k-present" aria-pressed={present} onClick={props.onPresent}>
          {say(present ? "class.controls.leave" : "class.controls.present")}
        </button>
      </div>
    </footer>
  );
}

function Fold({ name, children }: { name: string; children: ComponentChildren }) {
  const self = useRef<HTMLDetailsElement>(null);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const close = (event: Event) => {
      const outside = event.type === "pointerdown" && !self.current?.contains(event.target as Node);
      const escape = event instanceof KeyboardEvent && event.key === "Escape";
      if (self.current?.open && (outside || escape)) self.current.open = false;
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  }, []);
  return (
    <details class="k-fold" ref={self} onToggle={() => setOpen(self.current!.open)}>
      <summary>{name}</summary>
      {open && <div class="k-folded">{children}</div>}
    </details>
  );
}

function Switches({ story, off, onOff }: Pick<ControlsProps, "story" | "off" | "onOff">) {
  const say = useSay();
  return (
    <Fold name={say("class.controls.switches", { off: off.length, all: story.switches!.length })}>
      <fieldset>
        <legend>{say("class.controls.switches_legend")}</legend>
        {story.switches!.map(({ key, name }) => (
          <label key={key} class="k-check">
            <input
              type="checkbox" role="switch" checked={!off.includes(key)}
              onChange={() => onOff(off.includes(key) ? off.filter((one) => one !== key) : [...off, key])}
            />
            {name}
          </label>
        ))}
      </fieldset>
    </Fold>
  );
}
