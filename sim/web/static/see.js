// One or two small regions, week by week. The story is all here; playing asks nothing of the server.
export default {
  template: `
  <div v-if="!arms.length" class="empty" role="status">Taking the region through its weeks …</div>
  <div v-else class="see" @keydown="keys">
    <div class="see-bar row-of no-print" role="group" aria-label="Play the weeks">
      <button type="button" class="b main" @click="toggle">{{ playing ? "Pause" : "Play" }}</button>
      <button type="button" class="b" @click="go(week - 1)" :disabled="week <= 0">Back</button>
      <button type="button" class="b" @click="go(week + 1)" :disabled="week >= last">Next week</button>
      <button type="button" class="b" @click="nextContact" :disabled="week >= last">Next contact</button>
      <label class="see-scrub"><span>Week <output>{{ week }}</output> of {{ last }}</span>
        <input type="range" min="0" :max="last" step="1" :value="week" aria-label="Week"
          @input="go(Number($event.target.value))"></label>
      <label class="see-colour"><span>Colour shows</span>
        <select v-model="shade"><option v-for="(label, key) in shades" :value="key">{{ label }}</option></select>
      </label>
    </div>
    <div class="see-arms" :class="{two: arms.length > 1}">
      <section v-for="(arm, a) in arms" :key="a" :aria-label="arm.name" class="see-arm">
        <h2 class="small">{{ arm.name }}</h2>
        <svg viewBox="-160 -150 320 300" class="net" role="group" :aria-label="arm.name + ', the team in week ' + week">
          <line v-for="e in arm.edges" :key="'e' + e" class="tie" :class="{word: talks(arm, e)}"
            :x1="x(arm, e[0])" :y1="y(arm, e[0])" :x2="x(arm, e[1])" :y2="y(arm, e[1])" />
          <line v-for="i in present(arm)" :key="'p' + i" class="meets" x1="0" y1="0" :x2="x(arm, i)" :y2="y(arm, i)" />
          <g class="node provider" tabindex="0" role="button" :aria-pressed="isPicked(a, -1)" :aria-label="sayProvider(arm)"
            @click="pick(a, -1)" @keydown.enter.prevent="pick(a, -1)" @keydown.space.prevent="pick(a, -1)">
            <rect class="halo" x="-40" y="-26" width="80" height="52" rx="12" />
            <rect class="face" x="-35" y="-21" width="70" height="42" rx="8" :style="{fill: fill(arm.weeks[week].v[0])}" :class="{failed: failed(arm)}" />
            <text y="4">provider</text>
          </g>
          <g v-for="(p, i) in arm.weeks[week].p" :key="i" class="node" tabindex="0" role="button" :aria-pressed="isPicked(a, i)"
            :aria-label="sayPerson(arm, i)" :transform="'translate(' + x(arm, i) + ' ' + y(arm, i) + ')'"
            @click="pick(a, i)" @keydown.enter.prevent="pick(a, i)" @keydown.space.prevent="pick(a, i)">
            <circle class="halo" :r="size(arm) + 6" />
            <circle class="face" :r="size(arm)" :style="{fill: fill(p[order[shade]])}" :class="{here: present(arm).includes(i), outside: !arm.core[i], fresh: left(arm, i)}" />
            <text y="4" :style="{fontSize: size(arm) / 2 + 'px'}">{{ arm.names[week][i] }}</text>
            <g v-if="p[5] > 0" class="owed" :transform="'translate(' + size(arm) * 0.8 + ' ' + -size(arm) * 0.8 + ')'"><circle r="8" /><text y="3.4">{{ p[5] }}</text></g>
          </g>
        </svg>
        <table class="counts">
          <thead><tr><th scope="col">Commitments so far</th><th v-for="did in dids" scope="col" class="n">{{ did }}</th></tr></thead>
          <tbody><tr v-for="side in sides" :key="side"><th scope="row">{{ side === "staff" ? "Staff" : "Provider" }}</th>
            <td v-for="did in dids" class="n" :class="{lost: did === 'broken'}"><span v-if="now(arm, did, side)">+{{ now(arm, did, side) }}</span>{{ sum(arm, did + "_" + side) }}</td></tr></tbody>
        </table>
        <ul class="happens" :aria-live="playing ? 'off' : 'polite'"><li v-for="line in arm.weeks[week].w">{{ line }}</li></ul>
      </section>
    </div>
    <figure class="so-far" role="group" :aria-label="sayMeans()">
      <figcaption>Mean so far: {{ shades[shade].toLowerCase() }}
        <span v-for="(arm, a) in arms" :key="a"><i class="key" :class="a || arms.length < 2 ? 'second' : 'first'"></i>{{ arm.name }} {{ mean(arm, order[shade]) }}</span></figcaption>
      <div class="so-far-plot"><div aria-hidden="true"><span>{{ scale[1].toFixed(1) }}</span><span>{{ scale[0].toFixed(1) }}</span></div>
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          <polyline v-for="(arm, a) in arms" :key="a" :class="a || arms.length < 2 ? 'second' : 'first'" :points="line(arm)" />
        </svg></div>
    </figure>
    <ul class="keys" aria-label="What the drawing means">
      <li><i class="shade"></i>{{ shades[shade].toLowerCase() }}, 0 to 1 (provider: its record)</li>
      <li><i class="here"></i>at the contact</li><li><i class="outside"></i>outside the core team</li>
      <li><i class="word"></i>a word between colleagues</li><li><i class="open"></i>open commitments</li>
      <li><i class="gone"></i>new, or failed a contact</li><li><i class="picked"></i>explained beside</li>
    </ul>
  </div>`,
  emits: ["pick"],
  props: { arms: Array, start: Number, picked: Object },
  data() {
    return {
      week: this.start || 0,
      playing: false,
      timer: null,
      sel: this.picked || { arm: 0, who: -1 },
      shade: "trust",
      shades: { trust: "Trust", accountability: "Accountability", knowledge: "Knowledge", integration: "Use in everyday work" },
      sides: ["staff", "provider"],
      dids: ["made", "kept", "broken"],
      order: { trust: 0, accountability: 1, knowledge: 2, integration: 3 },
    };
  },
  computed: {
    scale() {
      // Only what has been shown: the axis does not give away what comes.
      const all = this.arms.flatMap((arm) => this.means(arm));
      const low = Math.floor((Math.min(...all) - 0.02) * 10) / 10;
      return [Math.max(0, low), Math.min(1, Math.max(low + 0.3, Math.ceil((Math.max(...all) + 0.02) * 10) / 10))];
    },
    last() {
      return this.arms.length ? this.arms[0].weeks.length - 1 : 0;
    },
  },
  mounted() {
    if (this.arms.length) this.tell();
  },
  unmounted() {
    clearInterval(this.timer);
  },
  watch: {
    arms() {
      this.stop();
      if (!this.arms.length) return;
      this.week = Math.min(this.week, this.last);
      if (this.sel.arm >= this.arms.length) this.sel.arm = 0;
      if (this.sel.who >= this.arms[this.sel.arm].core.length) this.sel.who = -1;
      this.tell();
    },
  },
  methods: {
    x(arm, i) { return arm.places[i][0] * 114; },
    y(arm, i) { return arm.places[i][1] * 114; },
    size(arm) { return arm.core.length <= 10 ? 27 : arm.core.length <= 13 ? 23 : 19; },
    fill(v) {
      // One hue, light enough at its darkest end for dark letters (contrast 4.9).
      const mix = (a, b) => Math.round(a + (b - a) * Math.min(1, Math.max(0, v)));
      return `rgb(${mix(244, 70)},${mix(248, 150)},${mix(251, 200)})`;
    },
    contacts(arm) { return arm.weeks[this.week].e.filter((e) => e.kind === "contact"); },
    present(arm) { return [...new Set(this.contacts(arm).flatMap((e) => e.present))]; },
    failed(arm) { return this.contacts(arm).some((e) => e.state !== "held"); },
    talks(arm, edge) {
      return arm.weeks[this.week].e.some((e) => e.kind === "word" && ((e.who === edge[0] && e.with === edge[1]) || (e.who === edge[1] && e.with === edge[0])));
    },
    left(arm, i) { return arm.weeks[this.week].e.some((e) => e.kind === "leaves" && e.who === i); },
    sum(arm, key) {
      let n = 0;
      for (let w = 0; w <= this.week; w++) for (const e of arm.weeks[w].e) n += e[key] || 0;
      return n;
    },
    now(arm, did, side) {
      return arm.weeks[this.week].e.reduce((n, e) => n + (e[did + "_" + side] || 0), 0);
    },
    at(arm, k, week) {
      const p = arm.weeks[week].p;
      return p.reduce((s, x) => s + x[k], 0) / p.length;
    },
    mean(arm, k) { return this.at(arm, k, this.week).toFixed(2); },
    means(arm) {
      return Array.from({ length: this.week + 1 }, (_, w) => this.at(arm, this.order[this.shade], w));
    },
    line(arm) {
      const [low, high] = this.scale;
      return this.means(arm).map((v, w) => `${((100 * w) / this.last).toFixed(2)},${(100 - (100 * (v - low)) / (high - low)).toFixed(2)}`).join(" ");
    },
    sayMeans() {
      return `Mean ${this.shades[this.shade].toLowerCase()} in week ${this.week}: ` + this.arms.map((arm) => `${arm.name} ${this.mean(arm, this.order[this.shade])}`).join(", ");
    },
    sayPerson(arm, i) {
      const p = arm.weeks[this.week].p[i];
      return `${arm.names[this.week][i]}: trust ${p[0].toFixed(2)}, knowledge ${p[2].toFixed(2)}, use ${p[3].toFixed(2)}` + (this.present(arm).includes(i) ? ", at the contact" : "");
    },
    sayProvider(arm) { return `Provider: record ${arm.weeks[this.week].v[0].toFixed(2)}`; },
    isPicked(a, who) { return this.sel.arm === a && this.sel.who === who ? "true" : "false"; },
    pick(a, who) { this.sel = { arm: a, who: who }; this.tell(); },
    tell() { this.$emit("pick", { arm: this.sel.arm, who: this.sel.who, week: this.week }); },
    go(week) {
      this.week = Math.min(this.last, Math.max(0, week));
      if (this.week >= this.last) this.stop();
      this.tell();
    },
    nextContact() {
      let w = this.week + 1;
      while (w < this.last && !this.arms.some((arm) => arm.weeks[w].e.some((e) => e.kind === "contact"))) w++;
      this.go(w);
    },
    toggle() {
      if (this.playing) return this.stop();
      if (this.week >= this.last) this.week = 0;
      this.playing = true;
      this.timer = setInterval(() => this.go(this.week + 1), 900);
    },
    stop() { this.playing = false; clearInterval(this.timer); },
    keys(event) {
      if (["INPUT", "SELECT"].includes(event.target.tagName)) return;
      if (event.key === "ArrowRight") this.go(this.week + 1);
      else if (event.key === "ArrowLeft") this.go(this.week - 1);
      else return;
      event.preventDefault();
    },
    show(week, arm, who, shade) {
      this.stop();
      if (shade) this.shade = shade;
      this.sel = { arm: arm, who: who };
      this.go(week);
    },
  },
};
