// A chart of a report, drawn by the same code as on its page; what is clicked is emitted as "picked".
let loading = null;
function scripts() {
  if (loading === null) {
    loading = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = (window.path_prefix || "") + "/assets/draw.js";
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
  }
  return loading;
}

export default {
  props: { spec: String, theme: String, alt: String, square: Boolean },
  render() {
    const look = "plot" + (this.square ? " square" : "");
    return Vue.h("div", { class: look, role: "img", "aria-label": this.alt });
  },
  mounted() {
    this.dark = window.matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.draw();
    this.dark.addEventListener("change", this.redraw);
    this.width = 0;
    this.watch = new ResizeObserver(() => {
      const width = this.$el.clientWidth;
      if (width && Math.abs(width - this.width) > 8) this.draw();
    });
    this.watch.observe(this.$el);
    window.addEventListener("feint-chosen", this.choose);
  },
  updated() {
    if (this.spec !== this.drawn) this.draw(); // the page is laid out anew for whatever else changes on it
  },
  beforeUnmount() {
    this.watch.disconnect();
    window.removeEventListener("feint-chosen", this.choose);
    this.dark.removeEventListener("change", this.redraw);
    if (this.view) this.view.finalize();
  },
  methods: {
    // Where in the plot somebody clicked, in its pixels.
    pixel(event, way) {
      const box = this.$el.querySelector("canvas").getBoundingClientRect(), x = way === "x";
      const from = x ? event.clientX - box.left : event.clientY - box.top;
      return from - this.view.origin()[x ? 0 : 1] - this.view.padding()[x ? "left" : "top"];
    },
    // The same in numbers of an axis.
    place(event, way) {
      const scale = this.view.scale(way);
      return scale.invert && scale.invert(this.pixel(event, way));
    },
    // Of a panel's detectors the curve nearest to a click: some lie along an edge, where nobody hits them.
    nearest(event) {
      const at = ["x", "y"].map((way) => this.pixel(event, way)), size = [this.view.width(), this.view.height()];
      if (at.some((each, way) => each < -8 || each > size[way] + 8)) return null; // its axes
      const far = (one, other) => { // from a straight piece
        const [dx, dy] = [other.x - one.x, other.y - one.y], long = dx * dx + dy * dy;
        const share = long ? Math.min(1, Math.max(0, ((at[0] - one.x) * dx + (at[1] - one.y) * dy) / long)) : 0;
        return Math.hypot(one.x + share * dx - at[0], one.y + share * dy - at[1]);
      };
      const found = [];
      const seek = (item, index, all) => {
        if (item.items) item.items.forEach(seek);
        else if (index && item.datum && "area" in item.datum) {
          const one = all[index - 1], corner = item.interpolate ? { x: one.x, y: item.y } : item; // of steps
          found.push([Math.min(far(one, corner), far(corner, item)), item.datum]);
        }
      };
      seek(this.view.scenegraph().root);
      return found.length ? found.reduce((best, each) => (each[0] <= best[0] ? each : best))[1] : null;
    },
    // A line in steps is one mark with the datum of its beginning: the step at the click, of two at an edge the higher.
    step(event, points) {
      const [from, to] = [-3, 3].map((by) => this.place({ clientX: event.clientX + by }, "x"));
      const here = points.map((each) => each.datum).filter((each) => each.low <= to && each.high >= from);
      return here.sort((one, other) => other.share - one.share)[0];
    },
    // What is chosen on the page, as far as it is of this chart.
    choose() {
      const said = (window.feintChosen || {})[this.$el.id];
      if (!this.view || !said || !this.spec.includes('"chosen"')) return;
      this.view.signal("chosen", { keys: said.keys, texts: said.texts });
      if (this.spec.includes('"marked"')) this.view.data("marked", said.places.map((each) => ({ ...each })));
      this.view.runAsync();
      this.$el.dataset.chosen = [...said.keys, ...said.texts].join(",");
      this.$el.dataset.marked = said.places.length;
    },
    async draw() {
      if (!this.$el.clientWidth || this.spec === "{}") return;
      this.width = this.$el.clientWidth;
      this.drawn = this.spec;
      const turn = (this.turn = (this.turn || 0) + 1);
      await scripts();
      if (!this.$el.isConnected || turn !== this.turn) return; // another drawing is on its way
      if (this.view) this.view.finalize();
      const result = await feintDraw(this.$el, this.spec, JSON.parse(this.theme), this.dark.matches);
      this.view = result.view;
      // Vega calls every chart "Vega visualization".
      this.$el.removeAttribute("aria-roledescription");
      this.$el.setAttribute("role", "img");
      this.$el.setAttribute("aria-label", this.alt);
      this.choose();
      this.view.addEventListener("click", (event, item) => {
        // Around a curve's points lie cells that find the nearest one: the datum of a cell is that point's mark.
        const kind = item && item.mark && item.mark.marktype, its = (item && item.datum) || {};
        const inner = kind === "image" || "line" in its ? {} : its; // pictures and borders are ground
        const steps = kind === "line" && "low" in inner;
        const hit = steps ? this.step(event, item.mark.items) : inner.mark ? inner.datum : inner;
        const found = (hit && !("area" in hit) && this.nearest(event)) || hit;
        if (!found || found.mark) return;
        const datum = JSON.parse(JSON.stringify(found));
        if (!Object.keys(datum).length) { // between the marks, which may be too small to be hit
          const at = { x: this.place(event, "x"), y: this.place(event, "y") };
          if (Number.isFinite(at.x) && Number.isFinite(at.y)) this.$emit("picked", { ground: true, ...at });
          return;
        }
        // A detector's curve is one mark with the datum of its beginning: where on it somebody clicked is told too.
        if ("area" in datum) datum.across = this.place(event, "x");
        if ("s0" in datum) datum.up = this.place(event, "y"); // curves over one place are told apart by it
        this.$emit("picked", datum);
      });
    },
  },
};
