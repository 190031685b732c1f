// What is chosen on a page, by chart: kept for charts that are drawn later, and told to those that are there.
export default {
  props: { charts: Object },
  methods: {
    tell() {
      window.feintChosen = this.charts || {};
      window.dispatchEvent(new Event("feint-chosen"));
    },
  },
  mounted() {
    this.tell();
  },
  updated() {
    this.tell();
  },
  watch: {
    charts() {
      this.tell();
    },
  },
  render() {
    return null;
  },
};
