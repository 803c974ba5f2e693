// A labelled list to choose from.
export default {
  template: `
  <div class="choice">
    <label :for="uid">{{ label }}</label>
    <select :id="uid" v-model="shown" @change="$emit('change', shown)">
      <option v-for="option in options" :key="option[0]" :value="option[0]">{{ option[1] }}</option>
    </select>
  </div>`,
  emits: ["change"],
  props: { label: String, options: Array, value: String, name: String },
  data() {
    return { shown: this.value };
  },
  computed: {
    uid() {
      return "choice-" + this.name;
    },
  },
  watch: {
    value(now) {
      this.shown = now;
    },
  },
};
