// A labelled native control: what everybody's keyboard, phone and screen reader know.
export default {
  props: {
    label: String, kind: String, value: [String, Number, Boolean], options: Array, help: String, low: Number, high: Number,
    step: Number, places: Array, wrong: String, name: String, shown: String,
  },
  emits: ["changed"],
  data() {
    return { mine: null }; // where a slider was moved to, until the server knows: its answers to earlier places come late
  },
  watch: {
    value(now) {
      if (now === this.mine) this.mine = null;
    },
  },
  methods: {
    tell(value) {
      this.$emit("changed", value);
    },
    control(id) {
      const h = Vue.h, told = this.help ? id + "-help" : undefined;
      const common = { id, name: this.name, "aria-describedby": told, "aria-invalid": this.wrong ? "true" : undefined };
      if (this.kind === "select") {
        const option = (each) => h("option", { value: each.value, selected: String(each.value) === String(this.value) }, each.label);
        return h("select", { ...common, value: this.value, onChange: (event) => this.tell(event.target.value) }, this.options.map(option));
      }
      if (this.kind === "switch") {
        return h("input", { ...common, type: "checkbox", checked: this.value, onChange: (event) => this.tell(event.target.checked) });
      }
      if (this.kind === "range") {
        const move = (event) => this.tell((this.mine = Number(event.target.value)));
        const place = this.mine === null ? this.value : this.mine;
        return h("input", { ...common, type: "range", min: this.low, max: this.high, step: this.step, value: place, "aria-valuetext": this.shown, onInput: move });
      }
      if (this.kind === "area") {
        return h("textarea", { ...common, rows: 3, value: this.value, onChange: (event) => this.tell(event.target.value) });
      }
      const list = this.options && this.options.length ? id + "-list" : undefined;
      const box = h("input", { ...common, type: "text", list, value: this.value, spellcheck: "false", autocomplete: "off", onChange: (event) => this.tell(event.target.value) });
      if (!list) return box;
      return [box, h("datalist", { id: list }, this.options.map((each) => h("option", { value: each.value }, each.label)))];
    },
  },
  render() {
    const h = Vue.h, id = "field-" + this.$attrs.id;
    const head = [this.label, this.shown ? h("b", { class: "shown" }, this.shown) : null];
    const label = h("label", { for: id }, head);
    const control = this.control(id);
    const parts = this.kind === "switch" ? [h("div", { class: "switch" }, [control, label])] : [label, control];
    if (this.help) parts.push(h("small", { id: id + "-help" }, this.help));
    if (this.wrong) parts.push(h("small", { class: "wrong", role: "alert" }, this.wrong));
    return h("div", { class: "field " + this.kind }, parts);
  },
};
