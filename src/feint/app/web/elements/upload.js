// A file of the visitor's, sent as it is and without its name; what the server makes of it is emitted.
export default {
  props: { label: String, url: String, accept: String, camera: Boolean, most: Number },
  emits: ["uploaded"],
  data() {
    return { told: "" };
  },
  methods: {
    async send(event) {
      const file = event.target.files[0];
      if (!file) return;
      if (file.size > this.most) {
        this.told = `expected at most ${this.most} bytes, got ${file.size}`;
        return;
      }
      this.told = "Sending …";
      const answer = await fetch(this.url, { method: "POST", body: file, headers: { "content-type": "application/octet-stream" } });
      const found = await answer.json();
      this.told = answer.ok ? "" : found.error.message;
      event.target.value = "";
      if (answer.ok) this.$emit("uploaded", found);
    },
  },
  render() {
    const h = Vue.h, id = "upload-" + this.$attrs.id;
    const box = { id, type: "file", accept: this.accept, onChange: this.send };
    if (this.camera) box.capture = "environment";
    return h("div", { class: "field" }, [
      h("label", { for: id }, this.label),
      h("input", box),
      h("small", { class: this.told.startsWith("Sending") ? "" : "wrong", role: "status" }, this.told),
    ]);
  },
};
