// A pad to draw on, white on black, as handwritten digits are; what was drawn is sent as a picture.
export default {
  props: { url: String },
  emits: ["uploaded"],
  data() {
    return { told: "" };
  },
  mounted() {
    this.clear();
  },
  methods: {
    clear() {
      const pen = this.$refs.canvas.getContext("2d");
      pen.fillStyle = "#000";
      pen.fillRect(0, 0, 256, 256);
      this.told = "";
    },
    place(event) {
      const box = this.$refs.canvas.getBoundingClientRect();
      return [((event.clientX - box.left) * 256) / box.width, ((event.clientY - box.top) * 256) / box.height];
    },
    down(event) {
      this.at = this.place(event);
      this.$refs.canvas.setPointerCapture(event.pointerId);
      this.move(event);
    },
    move(event) {
      if (!this.at) return;
      const pen = this.$refs.canvas.getContext("2d"), now = this.place(event);
      pen.strokeStyle = "#fff";
      pen.lineWidth = 30;
      pen.lineCap = "round";
      pen.beginPath();
      pen.moveTo(...this.at);
      pen.lineTo(now[0] + 0.01, now[1]);
      pen.stroke();
      this.at = now;
    },
    up() {
      this.at = null;
    },
    send() {
      this.$refs.canvas.toBlob(async (blob) => {
        const answer = await fetch(this.url, { method: "POST", body: blob, headers: { "content-type": "application/octet-stream" } });
        const found = await answer.json();
        this.told = answer.ok ? "" : found.error.message;
        if (answer.ok) this.$emit("uploaded", found);
      }, "image/png");
    },
  },
  render() {
    const h = Vue.h;
    const canvas = h("canvas", {
      ref: "canvas", width: 256, height: 256, role: "img", "aria-label": "A pad to draw a digit on with the pointer",
      onPointerdown: this.down, onPointermove: this.move, onPointerup: this.up, onPointercancel: this.up,
    });
    return h("div", { class: "pad" }, [
      canvas,
      h("div", { class: "bar" }, [
        h("button", { type: "button", class: "use", onClick: this.send }, "Use this drawing"),
        h("button", { type: "button", class: "plain", onClick: this.clear }, "Clear"),
      ]),
      h("small", { class: "wrong", role: "status" }, this.told),
    ]);
  },
};
