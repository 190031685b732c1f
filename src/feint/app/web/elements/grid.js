// A table to sort, filter and pick rows of, by mouse and by keyboard; what is shown is kept in the address.
export default {
  props: { columns: Array, rows: String, caption: String, pick: Boolean, facets: Array, search: Boolean, marked: Number, keep: Boolean },
  data() {
    return { by: -1, down: false, text: "", only: {}, picked: [], most: 50 };
  },
  created() {
    if (!this.keep) return;
    const asked = new URLSearchParams(window.location.search);
    this.text = asked.get("find") || "";
    const [by, way] = (asked.get("sort") || "").split(".");
    this.by = this.columns.findIndex((column) => column.key === by);
    this.down = way === "down";
    for (const at of this.facets || []) {
      const value = asked.get(this.columns[at].key);
      if (value) this.only[at] = value;
    }
    this.picked = (asked.get("picked") || "").split(",").filter((key) => this.all.some((row) => row.key === key));
    if (this.picked.length) this.$emit("picked", this.picked);
  },
  mounted() {
    // What fits on a screen is seen before the rest is drawn.
    requestAnimationFrame(() => setTimeout(() => { this.most = Infinity; }, 50));
  },
  computed: {
    all() {
      return JSON.parse(this.rows);
    },
    shown() {
      const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
      const rows = this.all.map((row, at) => ({ ...row, at })).filter((row) => {
        for (const [at, value] of Object.entries(this.only)) if (value && row.cells[at].text !== value) return false;
        const all = row.cells.map((cell) => cell.text).join(" ").toLowerCase();
        return words.every((word) => all.includes(word));
      });
      if (this.by < 0) return rows;
      const value = ({ cells: { [this.by]: cell } }) => ("value" in cell ? cell.value : cell.text);
      const way = this.down ? -1 : 1;
      return rows.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === null || y === null) return (x === null) - (y === null);
        return way * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y)));
      });
    },
  },
  methods: {
    sort(at) {
      this.down = this.by === at ? !this.down : false;
      this.by = at;
      this.remember();
    },
    remember() {
      if (!this.keep) return;
      const place = new URL(window.location.href);
      const say = (name, value) => (value ? place.searchParams.set(name, value) : place.searchParams.delete(name));
      say("find", this.text);
      say("sort", this.by < 0 ? "" : this.columns[this.by].key + (this.down ? ".down" : ".up"));
      for (const at of this.facets || []) say(this.columns[at].key, this.only[at]);
      say("picked", this.picked.join(","));
      window.history.replaceState(window.history.state, "", place);
    },
    choose(key, on) {
      this.picked = on ? [...this.picked, key] : this.picked.filter((each) => each !== key);
      this.$emit("picked", this.picked);
      this.remember();
    },
    values(at) {
      return [...new Set(this.all.map((row) => row.cells[at].text))].filter(Boolean).sort();
    },
    filters() {
      const h = Vue.h, parts = [];
      if (this.search) {
        parts.push(h("label", { class: "field" }, [h("span", "Find"), h("input", {
          type: "search", value: this.text,
          onInput: (event) => { this.text = event.target.value; this.remember(); },
        })]));
      }
      for (const at of this.facets || []) {
        const values = this.values(at);
        if (values.length < 2 && !this.only[at]) continue;
        parts.push(h("label", { class: "field" }, [h("span", this.columns[at].title), h("select", {
          value: this.only[at] || "",
          onChange: (event) => { this.only = { ...this.only, [at]: event.target.value }; this.remember(); },
        }, [h("option", { value: "" }, "all"), ...values.map((value) => h("option", { value, selected: value === this.only[at] }, value))])]));
      }
      if (parts.length && this.all.length) {
        parts.push(h("p", { class: "rows", "aria-live": "polite" }, this.shown.length === this.all.length ? `${this.all.length} rows` : `${this.shown.length} of ${this.all.length} rows`));
      }
      return parts.length ? h("div", { class: "filters" }, parts) : null;
    },
    head() {
      const h = Vue.h;
      const heads = this.columns.map((column, at) => {
        const now = this.by === at ? (this.down ? "descending" : "ascending") : "none";
        const arrow = now === "none" ? "" : this.down ? " ↓" : " ↑";
        const button = h("button", { type: "button", onClick: () => this.sort(at) }, column.title + arrow);
        return h("th", { scope: "col", class: column.name ? "name" : "", "aria-sort": now }, [button, column.unit ? h("small", column.unit) : null]);
      });
      return h("thead", h("tr", this.pick ? [h("th", { scope: "col" }, h("span", { class: "hidden" }, "compare")), ...heads] : heads));
    },
    row(row) {
      const h = Vue.h;
      const cells = row.cells.map((cell, at) => {
        const look = (this.columns[at].name ? "name" : "") + (cell.text.length > 24 ? " long" : "");
        const inside = cell.href ? h("a", { href: cell.href }, cell.text) : cell.text;
        return at === 0 ? h("th", { scope: "row", class: look }, inside) : h("td", { class: look }, inside);
      });
      const box = this.pick ? [h("td", h("input", {
        type: "checkbox", checked: this.picked.includes(row.key), "aria-label": "compare " + row.key,
        onChange: (event) => this.choose(row.key, event.target.checked),
      }))] : [];
      return h("tr", { key: row.key, class: row.at === this.marked ? "marked" : "" }, [...box, ...cells]);
    },
  },
  render() {
    const h = Vue.h;
    const body = h("tbody", this.shown.slice(0, this.most).map((row) => this.row(row)));
    const table = h("table", [this.head(), body]);
    const long = this.shown.length > 25 && !this.keep ? " long" : "";
    const box = h("div", { class: "scroll" + long, tabindex: 0, role: "region", "aria-label": this.caption }, table);
    return h("div", { class: "grid" }, [this.filters(), box]);
  },
};
