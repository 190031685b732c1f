// Draws a chart of a report: on its page, and in the workbench. Vega-Embed is there as window.vegaEmbed.
(function () {
  "use strict";
  // Vega reads CSV by compiling code, which a page's policy forbids: so it is read here.
  function rows(text, parse) {
    const table = [[""]];
    for (let at = 0, quoted = false; at < text.length; at += 1) {
      const letter = text[at], row = table[table.length - 1];
      if (quoted ? letter !== '"' : letter !== "," && letter !== "\n" && letter !== '"') row[row.length - 1] += letter;
      else if (letter === '"' && quoted && text[at + 1] === '"') { row[row.length - 1] += '"'; at += 1; }
      else if (letter === '"') quoted = !quoted;
      else if (letter === ",") row.push("");
      else if (at + 1 < text.length) table.push([""]);
    }
    const names = table.shift();
    return table.map(function (row) {
      return Object.fromEntries(names.map(function (name, at) {
        const number = parse && parse[name] === "number";
        return [name, number ? (row[at] === "" || row[at] === undefined ? null : Number(row[at])) : row[at]];
      }));
    });
  }
  function walk(value, change) {
    if (value === null || typeof value !== "object") return;
    change(value);
    Object.values(value).forEach(function (inner) { walk(inner, change); });
  }
  function readable(spec) {
    walk(spec, function (value) {
      if (typeof value.values === "string" && value.format && value.format.type === "csv") {
        value.values = rows(value.values, value.format.parse);
        delete value.format;
      }
    });
    return spec;
  }
  // The theme with the page's colours of this moment, light or dark, in place of their names.
  function config(theme) {
    const style = getComputedStyle(document.documentElement), found = structuredClone(theme);
    walk(found, function (value) {
      Object.keys(value).forEach(function (key) {
        if (typeof value[key] === "string" && value[key].startsWith("--")) value[key] = style.getPropertyValue(value[key]).trim();
      });
    });
    return found;
  }
  window.feintDraw = function (at, text, theme, dark) {
    const spec = readable(JSON.parse(text)), aspect = (spec.usermeta || {}).aspect, width = at.clientWidth;
    // A title that is longer than its axis goes on in a second line.
    walk(spec, function (value) {
      const across = value.x && value.x.axis, most = Math.max(12, (width - 70) / 6.2);
      if (!across || typeof across.title !== "string" || across.title.length <= most) return;
      const cut = across.title.lastIndexOf(" ", most);
      if (cut > 0) across.title = [across.title.slice(0, cut), across.title.slice(cut + 1)];
    });
    if (aspect) spec.height = Math.max(160, (width - 60) / aspect);
    const options = { mode: "vega-lite", renderer: "canvas", actions: false, ast: true, config: config(theme) };
    options.tooltip = { theme: dark ? "dark" : "light" };
    return vegaEmbed(at, spec, options);
  };
})();
