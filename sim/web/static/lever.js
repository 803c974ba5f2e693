// A number with its slider. The server hears of it when the hand lets go.
export default {
  template: `
  <div class="lever" :class="{moved: moved}">
    <label :for="uid">{{ label }}</label>
    <span class="lever-number">
      <input :id="uid" type="number" step="any" :min="low" :max="high" v-model.number="shown"
        :aria-describedby="uid + '-hint'" @change="send" @focus="$event.target.select()">
      <span class="unit">{{ unit }}</span>
    </span>
    <input type="range" :min="low" :max="high" :step="step" :value="shown"
      :aria-label="label + ' (slider)'" :aria-valuetext="shown + ' ' + unit"
      @input="shown = Number($event.target.value)" @change="send">
    <p class="hint" :id="uid + '-hint'">{{ rhythm ? often : hint }}</p>
  </div>`,
  emits: ["change"],
  props: {
    label: String, unit: String, low: Number, high: Number, step: Number, value: Number,
    hint: String, moved: Boolean, rhythm: Boolean, name: String,
  },
  data() {
    return { shown: this.value };
  },
  computed: {
    uid() {
      return "lever-" + this.name.replaceAll(".", "-");
    },
    often() {
      if (!(this.shown > 0)) return "none";
      const weeks = Math.max(1, 52 / 12 / this.shown);
      const near = Math.abs(weeks - Math.round(weeks)) < 0.15 ? Math.round(weeks) : weeks.toFixed(1);
      return near == 1 ? "every week" : `every ${near} weeks`;
    },
  },
  watch: {
    value(now) {
      this.shown = now;
    },
  },
  methods: {
    send() {
      if (this.shown === "" || this.shown === null) this.shown = this.value;
      else if (this.shown !== this.value) this.$emit("change", this.shown);
    },
    reset() {
      this.shown = this.value;
    },
  },
};
