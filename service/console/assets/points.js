// Makes the heat strip one stop of the keyboard, with arrows inside; tells the hour that is pointed at; opens days from
// the chart. Without script each hour is a link with the same words.
"use strict";
(() => {
  const strip = document.getElementById("strip");
  const reading = document.getElementById("strip-reading");

  function cellsByRow() {
    return [...strip.querySelectorAll("tbody tr")].map((row) =>
      [...row.querySelectorAll("td a.h")],
    );
  }

  function tell(cell) {
    reading.textContent = cell.getAttribute("aria-label");
    cell.title = reading.textContent;
  }

  function beside(rows, cell, key) {
    const y = rows.findIndex((row) => row.includes(cell));
    const x = rows[y].indexOf(cell);
    const row = (to) => rows[Math.max(0, Math.min(rows.length - 1, to))];
    const place = (cells, to) => cells[Math.max(0, Math.min(cells.length - 1, to))];
    switch (key) {
      case "ArrowLeft": return place(rows[y], x - 1);
      case "ArrowRight": return place(rows[y], x + 1);
      case "ArrowUp": return place(row(y - 1), x);
      case "ArrowDown": return place(row(y + 1), x);
      case "Home": return place(rows[y], 0);
      case "End": return place(rows[y], Infinity);
      default: return null;
    }
  }

  if (strip) {
    const rows = cellsByRow().filter((row) => row.length);
    const all = rows.flat();
    const first = all.find((cell) => !cell.matches(".pass, .not_due")) || all[0];
    for (const cell of all) cell.tabIndex = cell === first ? 0 : -1;
    strip.addEventListener("keydown", (event) => {
      const cell = event.target.closest("a.h");
      const next = cell && beside(rows, cell, event.key);
      if (!next) return;
      event.preventDefault();
      cell.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
    for (const kind of ["pointerover", "focusin"]) {
      strip.addEventListener(kind, (event) => {
        const cell = event.target.closest("a.h");
        if (cell) tell(cell);
      });
    }
  }

  // A point of the chart of hours leads to its day.
  const chart = document.getElementById("voltage");
  if (chart && strip) {
    const opens = () => {
      chart.on("plotly_click", (event) => {
        const address = new URL(location.href);
        address.searchParams.set("day", String(event.points[0].x).slice(0, 10));
        address.hash = "close";
        location.assign(address);
      });
    };
    const wait = new MutationObserver(() => {
      if (typeof chart.on !== "function") return;
      wait.disconnect();
      opens();
    });
    if (typeof chart.on === "function") opens();
    else wait.observe(chart, { childList: true, subtree: true, attributes: true });
  }
})();
