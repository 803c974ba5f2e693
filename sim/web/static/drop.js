// A scenario file, dropped or chosen. It is sent to this server only, and checked there.
export default {
  template: `
  <div class="drop" :class="{over: over}" @dragover.prevent="over = true" @dragleave="over = false"
      @drop.prevent="over = false; take($event.dataTransfer.files)">
    <input :id="'drop-' + token" class="drop-input" type="file" accept=".yaml,.yml"
      @change="take($event.target.files); $event.target.value = ''">
    <label :for="'drop-' + token">{{ sending ? "Reading …" : label }}</label>
  </div>`,
  emits: ["refused"],
  props: { label: String, token: String, limit: Number },
  data() {
    return { over: false, sending: false };
  },
  methods: {
    async take(files) {
      if (!files.length) return;
      const file = files[0];
      if (files.length > 1) return this.$emit("refused", "drop one file at a time");
      if (file.size > this.limit)
        return this.$emit("refused", `${file.name} is too large; allowed: at most 1 MiB`);
      this.sending = true;
      try {
        const answer = await fetch("drop/" + this.token, {
          method: "POST",
          headers: { "Content-Type": "text/plain", "X-Name": encodeURIComponent(file.name) },
          body: await file.arrayBuffer(),
        });
        if (!answer.ok) this.$emit("refused", (await answer.json()).message);
      } catch {
        this.$emit("refused", "the file could not be sent: is the server still there?");
      } finally {
        this.sending = false;
      }
    },
  },
};
