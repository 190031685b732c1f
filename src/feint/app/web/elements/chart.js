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
  },
  updated() {
    if (this.spec !== this.drawn) this.draw(); // the page is laid out anew for whatever else changes on it
  },
  beforeUnmount() {
    this.watch.disconnect();
    this.dark.removeEventListener("change", this.redraw);
    if (this.view) this.view.finalize();
  },
  methods: {
    across(event) {
      const left = this.$el.querySelector("canvas").getBoundingClientRect().left;
      return event.clientX - left - this.view.origin()[0] - this.view.padding().left;
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
      this.view.addEventListener("click", (event, item) => {
        if (!item || !item.datum) return;
        // Around a curve's points lie cells that find the nearest one: the datum of a cell is that point's mark.
        const found = item.datum.mark ? item.datum.datum : item.datum;
        if (!found || found.mark) return;
        const datum = JSON.parse(JSON.stringify(found));
        // A detector's curve is one mark with the datum of its beginning: where on it somebody clicked is told too.
        if ("area" in datum) datum.across = this.view.scale("x").invert(this.across(event));
        this.$emit("picked", datum);
      });
    },
  },
};
