// A square map: hovering tells a place, a click pins one, dragging draws a line; arrow keys and Enter do the same.
export default {
  props: { src: String, end: Number, alt: String, points: Array, line: Array, pin: Array },
  emits: ["hovered", "pinned", "drawn"],
  data() {
    return { at: [0, 0], from: null, to: null, last: 0 };
  },
  methods: {
    place(event) {
      const box = this.$refs.box.getBoundingClientRect();
      const share = (value, low, size) => Math.min(1, Math.max(0, (value - low) / size));
      return [
        (2 * share(event.clientX, box.left, box.width) - 1) * this.end,
        (1 - 2 * share(event.clientY, box.top, box.height)) * this.end,
      ];
    },
    across(value) {
      return `${(50 * (value / this.end + 1)).toFixed(2)}`;
    },
    down(event) {
      this.from = this.place(event);
      this.to = null;
      this.$refs.box.setPointerCapture(event.pointerId);
    },
    move(event) {
      this.at = this.place(event);
      if (this.from) {
        const far = Math.hypot(this.at[0] - this.from[0], this.at[1] - this.from[1]);
        if (far > this.end / 20) this.to = this.at;
      } else if (event.timeStamp - this.last > 120) {
        this.last = event.timeStamp;
        this.$emit("hovered", this.at);
      }
    },
    up() {
      if (this.from && this.to) this.$emit("drawn", [this.from, this.to]);
      else if (this.from) this.$emit("pinned", this.from);
      this.from = this.to = null;
    },
    key(event) {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (step) {
        event.preventDefault();
        const within = (value) => Math.min(this.end, Math.max(-this.end, value));
        this.at = [within(this.at[0] + (step[0] * this.end) / 20), within(this.at[1] + (step[1] * this.end) / 20)];
        this.$emit("hovered", this.at);
      }
      if (event.key === "Enter") this.$emit("pinned", this.at);
    },
  },
  render() {
    const h = Vue.h, up = (value) => this.across(-value);
    const points = this.points || [], brief = points.every((each) => each[3].length <= 2);
    const written = (x, y, fill, name, size) =>
      h("text", { x: this.across(x), y: up(y), fill, "font-size": size, class: "name" }, name);
    const dots = points.map((each) =>
      brief ? written(...each, 2.6) : h("circle", { cx: this.across(each[0]), cy: up(each[1]), r: 0.7, fill: each[2] }));
    if (!brief) {
      const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
      for (const name of new Set(points.map((each) => each[3]))) {
        const mine = points.filter((each) => each[3] === name);
        dots.push(written(middle(mine.map((each) => each[0])), middle(mine.map((each) => each[1])), mine[0][2], name, 3));
      }
    }
    const line = this.from && this.to ? [this.from, this.to] : this.line;
    const parts = [h("image", { href: this.src, width: 100, height: 100 }), ...dots];
    if (line && line.length) {
      const ends = { x1: this.across(line[0][0]), y1: up(line[0][1]), x2: this.across(line[1][0]), y2: up(line[1][1]) };
      parts.push(h("line", { ...ends, stroke: "#cb3571", "stroke-width": 1 }));
    }
    // A ring with a rim of white, which is seen among the points too.
    const ring = (place, shade) => {
      for (const [stroke, width] of [["#ffffff", 1.6], [shade, 0.8]]) {
        parts.push(h("circle", { cx: this.across(place[0]), cy: up(place[1]), r: 1.7, fill: "none", stroke, "stroke-width": width }));
      }
    };
    if (this.pin && this.pin.length) ring(this.pin, "#cb3571");
    ring(this.at, "#f2ac2e");
    return h("div", {
      ref: "box", class: "map", tabindex: 0, role: "application", "aria-label": this.alt,
      onPointerdown: this.down, onPointermove: this.move, onPointerup: this.up, onKeydown: this.key,
    }, h("svg", { viewBox: "0 0 100 100" }, parts));
  },
};
