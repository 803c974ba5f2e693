/** One side of a story in one week: the provider in the middle, the people around it. */
import { useRef } from "preact/hooks";
import { useSay } from "../ui/widgets";
import type { Replay } from "./replay";
import { type PersonOutcome, type PersonSeen, personIn } from "./view";
import { fixed, signed } from "./why";

const [WIDTH, HEIGHT, CX, CY] = [640, 612, 320, 306];

interface NetworkProps {
  side: string;
  replay: Replay;
  week: number;
  outcome: PersonOutcome;
  scale: number; // the size of change that has the full colour
  names: string[];
  modes: string[];
  selected: number | null; // a post; -1: the provider
  label: string;
  onSelect: (post: number) => void;
}

interface Place {
  x: number;
  y: number;
}

const round = (x: number): number => Math.round(x * 10) / 10;

function placesOf(count: number): Place[] {
  return Array.from({ length: count }, (_, i) => {
    const turn = (2 * Math.PI * i) / count - Math.PI / 2;
    return { x: round(CX + 240 * Math.cos(turn)), y: round(CY + 238 * Math.sin(turn)) };
  });
}

export function Network(props: NetworkProps) {
  const { side, replay, week, outcome, scale, names, selected, label, onSelect } = props;
  const say = useSay();
  const self = useRef<SVGSVGElement>(null);
  const seen = replay.weeks[week];
  const { people, owed, record } = seen.regions[0];
  const start = replay.weeks[0].regions[0].people;
  const places = placesOf(people.length);
  const radius = people.length <= 8 ? 62 : people.length <= 10 ? 56 : 48;
  const persons = people.map((_, post) => personIn(seen, post));
  const providerNew = seen.providersLeft.length > 0;
  const failed = seen.contacts.find((one) => one.status === "provider" || one.status === "region");
  const focused = selected ?? 0;
  const half = providerNew ? 108 : 88;

  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const count = people.length + 1; // the provider is the last
    const from = focused < 0 ? people.length : focused;
    const to = (from + step + count) % count;
    const post = to === people.length ? -1 : to;
    onSelect(post);
    self.current?.querySelector<SVGGElement>(`[data-post="${post}"]`)?.focus();
  };
  const press = (post: number) => (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    onSelect(post);
  };
  const button = (post: number, text: string) => ({
    role: "button" as const,
    tabindex: post === focused ? 0 : -1, // SVG elements know this attribute in lower case only
    "aria-label": text,
    "aria-pressed": selected === post,
    "data-post": post,
    onClick: () => onSelect(post),
    onKeyDown: press(post),
  });

  return (
    <svg class="k-net" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={label} ref={self} onKeyDown={move}>
      <Ties ties={replay.ties[0]} places={places} />
      <g key={`lines ${week}`}>
        <ContactLines places={places} persons={persons} failed={failed !== undefined} />
        <Words {...{ side, places, persons, radius }} />
      </g>
      {people.map((one, post) => {
        const change = one[outcome] - start[post][outcome];
        return (
          <PersonMark
            key={post}
            {...{ side, post, place: places[post], radius, week, name: names[post], seen: persons[post], core: replay.core[0][post] }}
            level={one[outcome]}
            start={start[post][outcome]}
            change={change}
            strength={Math.min(1, Math.abs(change) / scale)}
            open={one.open}
            newcomer={say("class.net.newcomer")}
            selected={selected === post}
            attributes={button(post, spoken(say, names, post, one[outcome], change, persons[post], one.open, outcome))}
          />
        );
      })}
      <g class={`k-provider${selected === -1 ? " is-chosen" : ""}`}>
        <g {...button(-1, say("class.spoken.provider", { owed, record: fixed(record, 2) }) + (providerNew ? ` ${say("class.spoken.provider_new")}` : ""))}>
          <rect x={CX - half} y={CY - 46} width={2 * half} height="92" rx="18" />
        </g>
        <g class="k-written" aria-hidden="true">
          <text x={CX} y={CY - 8} class="k-strong">{say(providerNew ? "class.net.provider_new" : "class.net.provider")}</text>
          <text x={CX} y={CY + 26}>{say("class.net.owes", { owed })}</text>
          {failed && (
            <g class="k-failed">
              <rect x={CX - 125} y={CY + 54} width="250" height="38" rx="10" />
              <text x={CX} y={CY + 81}>{say(`class.net.failed_${failed.status}`)}</text>
            </g>
          )}
        </g>
      </g>
    </svg>
  );
}

function spoken(
  say: ReturnType<typeof useSay>, names: string[], post: number, level: number, change: number, seen: PersonSeen,
  open: number, outcome: PersonOutcome,
): string {
  const parts = [say("class.spoken.person", {
    name: names[post], outcome: say(`class.outcomes.${outcome}`), level: fixed(level, 2), change: signed(change, 2),
  })];
  if (seen.present) parts.push(say("class.spoken.present"));
  else if (seen.invited) parts.push(say("class.spoken.absent"));
  if (seen.isNew) parts.push(say("class.spoken.new"));
  if (seen.kept) parts.push(say("class.spoken.kept", { count: seen.kept }));
  if (seen.broken) parts.push(say("class.spoken.broken", { count: seen.broken }));
  if (open) parts.push(say("class.spoken.open", { count: open }));
  if (seen.heardFrom >= 0) parts.push(say("class.spoken.heard", { name: names[seen.heardFrom] }));
  return parts.join(" ");
}

function Ties({ ties, places }: { ties: number[][]; places: Place[] }) {
  return (
    <g class="k-ties">
      {ties.flatMap((near, post) => near.filter((other) => other > post).map((other) => (
        <line key={`${post}-${other}`} x1={places[post].x} y1={places[post].y} x2={places[other].x} y2={places[other].y} />
      )))}
    </g>
  );
}

function ContactLines({ places, persons, failed }: { places: Place[]; persons: PersonSeen[]; failed: boolean }) {
  return (
    <g>
      {persons.map((one, post) => one.invited && (
        <line
          key={post}
          class={one.present ? "k-contact" : failed ? "k-contact-failed" : "k-contact-missed"}
          x1={CX} y1={CY} x2={places[post].x} y2={places[post].y} pathLength="1"
        />
      ))}
    </g>
  );
}

/** Arrows for what colleagues told each other: each bends outwards, from the speaker to the listener. */
function Words({ side, places, persons, radius }: { side: string; places: Place[]; persons: PersonSeen[]; radius: number }) {
  return (
    <g class="k-words">
      <defs>
        <marker id={`k-arrow-${side}`} viewBox="0 0 10 10" refX="7" refY="5" markerWidth="4" markerHeight="4" orient="auto-start-reverse">
          <path d="M0 0L10 5L0 10z" />
        </marker>
      </defs>
      {persons.map(({ heardFrom }, post) => {
        if (heardFrom < 0) return null;
        const [a, b] = [places[heardFrom], places[post]];
        const length = Math.hypot(b.x - a.x, b.y - a.y);
        const [ux, uy] = [(b.x - a.x) / length, (b.y - a.y) / length];
        const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
        const out = Math.hypot(middle.x - CX, middle.y - CY) || 1;
        const bend = {
          x: middle.x + (36 * (middle.x - CX)) / out, y: middle.y + (36 * (middle.y - CY)) / out,
        };
        const cut = radius + 6;
        const path = `M${round(a.x + ux * cut)} ${round(a.y + uy * cut)}Q${round(bend.x)} ${round(bend.y)} ${round(b.x - ux * cut)} ${round(b.y - uy * cut)}`;
        return <path key={post} d={path} marker-end={`url(#k-arrow-${side})`} pathLength="1" />;
      })}
    </g>
  );
}

interface MarkProps {
  side: string;
  post: number;
  place: Place;
  radius: number;
  week: number;
  name: string;
  level: number;
  start: number;
  change: number;
  strength: number;
  open: number;
  core: boolean;
  newcomer: string;
  seen: PersonSeen;
  selected: boolean;
  attributes: Record<string, any>;
}

function PersonMark({ side, post, place: { x, y }, radius: r, week, name, level, start, change, strength, open, core, newcomer, seen, selected, attributes }: MarkProps) {
  const top = y + r - 2 * r * level;
  const mark = y + r - 2 * r * start;
  const half = Math.sqrt(Math.max(0, r * r - (mark - y) ** 2));
  const tone = Math.abs(change) < 0.005 ? "same" : change > 0 ? "up" : "down";
  // Badges must not be cut at the edge or cover a name: they are stacked, and at the top placed side by side.
  const inward = x > CX + 150 ? -1 : 1;
  const badgeAt = (i: number) => (y < CY - 200
    ? `translate(${x + (i === 1 ? 1 - r : r - 1 + 33 * i)} ${y - r + 18})`
    : `translate(${x + inward * (r - 1)} ${y - r + 8 - 38 * i})`);
  const clip = `k-clip-${side}-${post}`;
  const classes = ["k-person", `is-${tone}`, core ? "is-core" : "is-out", seen.present && "is-present", seen.isNew && "is-new", selected && "is-chosen"];
  return (
    <g class={classes.filter(Boolean).join(" ")} style={{ "--k-strength": `${Math.round(25 + 75 * strength)}%` }}>
      <g {...attributes}>
        {selected && <circle class="k-ring" cx={x} cy={y} r={r + 9} />}
        <circle class="k-glass" cx={x} cy={y} r={r} />
        <clipPath id={clip}><circle cx={x} cy={y} r={r} /></clipPath>
        <rect class="k-fill" x={x - r} y={top} width={2 * r} height={Math.max(0, y + r - top)} clip-path={`url(#${clip})`} />
        <line class="k-start" x1={x - half} x2={x + half} y1={mark} y2={mark} />
        <circle class="k-edge" cx={x} cy={y} r={r} />
      </g>
      <g class="k-written" aria-hidden="true">
        <text class="k-name" x={x} y={y - 4}>{name}</text>
        <text class="k-change" x={x} y={y + 29}>{signed(change, 2)}</text>
        <g key={week} class="k-badges">
          {badgesOf(seen, open, newcomer).map(({ text, kind }, i) => (
            <g key={kind} class={`k-badge is-${kind}`} transform={badgeAt(i)}>
              <rect x="-31" y="-18" width="62" height="36" rx="18" />
              <text x="0" y="9">{text}</text>
            </g>
          ))}
        </g>
      </g>
    </g>
  );
}

function badgesOf(seen: PersonSeen, open: number, newcomer: string): { text: string; kind: string }[] {
  const found = [];
  if (seen.isNew) found.push({ text: newcomer, kind: "new" });
  if (seen.kept) found.push({ text: `✓${seen.kept}`, kind: "kept" });
  if (seen.broken) found.push({ text: `✗${seen.broken}`, kind: "broken" });
  if (seen.made) found.push({ text: `+${seen.made}`, kind: "made" });
  else if (open && found.length === 0) found.push({ text: `●${open}`, kind: "open" });
  return found.slice(0, 3);
}
