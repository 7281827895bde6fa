// Draws the charts of a page from the JSON beside them, in the colours of the page. Nothing else needs script.
"use strict";
(() => {
  const ROLES = ["ink", "muted", "line", "paper", "good", "bad", "warn", "note"];
  const VERDICTS = ["pass", "over", "under", "interrupted", "exempt", "invalid", "missing"];

  function colours() {
    const style = getComputedStyle(document.documentElement);
    const found = {};
    for (const role of ROLES) found[role] = style.getPropertyValue(`--${role}`).trim();
    for (const one of VERDICTS) {
      found[`verdict-${one}`] = style.getPropertyValue(`--verdict-${one}`).trim();
    }
    return found;
  }

  // A colour is named by its role wherever plotly takes one; other texts stay as they are.
  function painted(value, key, palette) {
    if (Array.isArray(value)) return value.map((one) => painted(one, key, palette));
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([name, one]) => [name, painted(one, name, palette)]),
      );
    }
    const takesColour = /color/i.test(key);
    return takesColour && typeof value === "string" && value in palette ? palette[value] : value;
  }

  function axis(palette) {
    return {
      gridcolor: palette.line,
      linecolor: palette.line,
      zerolinecolor: palette.line,
      tickfont: { color: palette.muted },
      automargin: true,
      fixedrange: true,
    };
  }

  function drawn(element) {
    const figure = JSON.parse(document.getElementById(element.dataset.chart).textContent);
    const palette = colours();
    const given = painted(figure.layout, "", palette);
    const layout = {
      margin: { l: 8, r: 28, t: 8, b: figure.data.length > 1 ? 64 : 32, pad: 4 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: palette.ink },
      hoverlabel: { bgcolor: palette.paper, bordercolor: palette.line, font: { color: palette.ink } },
      dragmode: false,
      ...given,
      legend: { orientation: "h", x: 0, yref: "container", y: 0, yanchor: "bottom", ...given.legend },
    };
    layout.separators = layout.separators || ".,";
    for (const name of Object.keys(layout).filter((one) => /^[xy]axis\d*$/.test(one))) {
      layout[name] = { ...axis(palette), ...layout[name] };
    }
    layout.xaxis = layout.xaxis || axis(palette);
    layout.yaxis = layout.yaxis || axis(palette);
    const traces = painted(figure.data, "", palette);
    return Plotly.react(element, traces, layout, { displayModeBar: false, responsive: true });
  }

  function drawAll() {
    const elements = [...document.querySelectorAll("[data-chart]")];
    return Promise.all(elements.map(drawn)).then(() => {
      document.documentElement.dataset.drawn = String(elements.length); // tests wait for it
    });
  }

  // `defer` keeps the order: plotly's script has run before this one.
  if (document.querySelector("[data-chart]")) {
    drawAll();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  }

  // A choice in a filter is a form of its own: with script it needs no button.
  for (const select of document.querySelectorAll("select[data-submit]")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
})();
