"use strict";
// Two kinds of plot from one list of series: curves over a mass, and rows of limits. No library, nothing is loaded.
// A series: {name, look: {colour, dash, marker, hollow}, points: [[x, y, text]], band?: [[x, low, high]], kind: "line" | "marks"}.

const SVG = "http://www.w3.org/2000/svg";
const element = (parent, name, attributes, text) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) put(made, text);
  return parent.appendChild(made);
};
// Text with indices, which are written μ_ν, g_B−L: as children of an HTML or an SVG element.
const put = (node, text) => {
  text.split(/_(B−L|[Bνeμτ](?!\w))/).forEach((part, number) => {
    const index = number % 2 === 1;
    if (!(node instanceof SVGElement)) node.append(index ? Object.assign(document.createElement("sub"), { textContent: part }) : part);
    else if (part) element(node, "tspan", index ? { dy: 4, "font-size": "9px" } : number ? { dy: -4 } : {}).textContent = part;
  });
  return node;
};
// Black is the page's ink, which is light where the page is dark.
const ink = (look) => (look.colour === "#000000" ? "var(--ink)" : look.colour);
const superscript = (number) => String(number).replace(/[-0-9]/g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
const shown = (value) => {
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(Math.abs(value)) + 1e-9);
  if (power >= -2 && power <= 3) return String(Number(value.toPrecision(3)));
  const mantissa = Number((value / 10 ** power).toPrecision(3));
  return (mantissa === 1 ? "" : mantissa + "×") + "10" + superscript(power);
};

// An axis: from values to places on the paper, with its ticks. A linear one begins at zero.
function axis(values, log, from, to, room, view = [0, Infinity]) {
  const positive = values.filter((value) => value > 0 && value >= view[0] && value <= view[1]);
  if (log) {
    const low = Math.log10(Math.min(...positive)) - room, high = Math.log10(Math.max(...positive)) + room;
    const every = Math.ceil((high - low) / Math.max(2, Math.abs(to - from) / 55));
    const ticks = [];
    for (let power = Math.ceil(low); power <= high; power++) if (power % every === 0) ticks.push(10 ** power);
    if (ticks.length < 2) for (let power = Math.floor(low); power <= high; power++)
      for (const digit of [1, 2, 5]) {
        const tick = digit * 10 ** power;
        if (!ticks.includes(tick) && Math.log10(tick) >= low && Math.log10(tick) <= high) ticks.push(tick);
      }
    return { place: (value) => from + (to - from) * (Math.log10(Math.max(value, 1e-300)) - low) / (high - low), ticks, low: 10 ** low };
  }
  const high = Math.max(...positive) * 1.06;
  const rough = high / Math.max(2, Math.abs(to - from) / 75), unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((digit) => digit * unit >= rough) * unit;
  const ticks = [];
  for (let number = 0; number * step <= high; number++) ticks.push(number * step);
  return { place: (value) => from + (to - from) * value / high, ticks, low: 0 };
}

function mark(parent, x, y, look, size = 4.5) {
  const style = { fill: look.hollow ? "var(--paper)" : ink(look), stroke: ink(look), "stroke-width": 1.5 };
  if (look.marker === "square") return element(parent, "rect", { x: x - size, y: y - size, width: 2 * size, height: 2 * size, ...style });
  if (look.marker === "diamond") return element(parent, "path", { d: `M${x} ${y - size - 1}l${size + 1} ${size + 1}l${-size - 1} ${size + 1}l${-size - 1} ${-size - 1}z`, ...style });
  if (look.marker === "triangle") return element(parent, "path", { d: `M${x} ${y - size - 1}l${size + 1} ${2 * size}h${-2 * size - 2}z`, ...style });
  if (look.marker === "left") return element(parent, "path", { d: `M${x - size - 1} ${y}l${2 * size} ${-size - 1}v${2 * size + 2}z`, ...style });
  return element(parent, "circle", { cx: x, cy: y, r: size, ...style });
}

function line(points, place) {
  return points.map((point, number) => `${number ? "L" : "M"}${place(point).map((at) => at.toFixed(1)).join(" ")}`).join("");
}

function sample(label, series) {
  const svg = element(label, "svg", { viewBox: "0 0 28 14", "aria-hidden": "true" });
  if (series.band) element(svg, "rect", { x: 0, y: 1, width: 28, height: 12, fill: ink(series.look), opacity: series.look.opacity });
  else if (series.kind === "line") element(svg, "path", { d: "M0 7H28", stroke: ink(series.look), "stroke-width": 2, "stroke-dasharray": series.look.dash || "none" });
  else mark(svg, 14, 7, series.look);
}

class Plot {
  constructor(holder, plot) {
    this.holder = holder, this.plot = plot, this.hidden = new Set(), this.at = null;
    this.log = { x: true, y: true };
    this.svg = element(holder, "svg", { role: "img", tabindex: 0, "aria-label": plot.description });
    this.said = holder.appendChild(document.createElement("output"));
    this.said.setAttribute("aria-live", "polite");
    this.controls();
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerdown", (event) => this.point(event));
    this.svg.addEventListener("keydown", (event) => this.key(event));
    this.width = 0;
    const redraw = () => {
      const width = Math.round(holder.clientWidth);
      if (width && width !== this.width) this.width = width, this.draw();
    };
    new ResizeObserver(redraw).observe(holder);
    redraw();
  }

  controls() {
    const group = (title) => {
      const set = this.holder.appendChild(document.createElement("fieldset"));
      set.className = "controls";
      put(set.appendChild(document.createElement("legend")), title);
      return set;
    };
    const box = (set, text, checked, changed, series) => {
      const label = set.appendChild(document.createElement("label"));
      const input = label.appendChild(document.createElement("input"));
      input.type = "checkbox", input.checked = checked;
      input.addEventListener("change", () => { changed(input.checked); this.at = null; this.draw(); });
      if (series) sample(label, series);
      put(label.appendChild(document.createElement("span")), text);
    };
    const axes = group("Axes");
    for (const [name, text] of Object.entries(this.plot.axes))
      box(axes, `${text} logarithmic`, true, (on) => { this.log[name] = on; });
    const shows = group("Shown");
    const groups = [...new Set(this.plot.series.map((series) => series.group))];
    for (const name of groups) {
      const first = this.plot.series.find((series) => series.group === name);
      box(shows, name, true, (on) => this.hidden[on ? "delete" : "add"](name), first);
    }
  }

  draw() {
    const { plot, svg, width } = this;
    const series = plot.series.filter((one) => !this.hidden.has(one.group));
    const rows = plot.rows;
    const narrow = width < 560;
    const top = 12, right = width - 14;
    const height = rows ? rows.length * 30 + 70 : Math.min(460, Math.max(300, width * 0.62));
    const bottom = height - 46;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    svg.replaceChildren();
    const labels = (rows || []).map((text, number) => {
      const label = element(svg, "text", { x: 0, y: top + 26 + number * 30 }, text);
      label.style.fontSize = narrow ? "11px" : "13px";
      return label.getComputedTextLength();
    });
    const left = rows ? Math.max(...labels) + 10 : 62;
    const points = series.flatMap((one) => one.points);
    const bands = series.flatMap((one) => one.band || []);
    if (!points.length && !bands.length) { element(svg, "text", { x: left, y: 40 }, "Nothing is chosen."); this.places = []; return; }
    const xs = rows ? [...points.map((p) => p[0]), ...bands.flatMap((b) => [b[1], b[2]])] : points.map((p) => p[0]);
    const ys = rows ? [] : [...points.map((p) => p[1]), ...bands.flatMap((b) => [b[1], b[2]])];
    const x = axis(xs, this.log.x, left, right, rows ? 0.15 : 0.02, plot.view?.x);
    const y = rows ? { place: (row) => top + 22 + row * 30, ticks: [], low: 0 } : axis(ys, this.log.y, bottom, top, 0.05, plot.view?.y);
    this.grid(x, y, { left, right, top, bottom });
    element(element(svg, "clipPath", { id: `clip-${plot.id}` }), "rect", { x: left, y: top, width: right - left, height: bottom - top });
    const paper = element(svg, "g", { "clip-path": `url(#clip-${plot.id})` });
    const place = ([px, py], look) => [x.place(px), y.place(py) + (rows && look?.shift || 0)];
    for (const row of plot.groups || []) if (row < rows.length) element(svg, "path", { d: `M0 ${top + 7 + row * 30}H${right}`, stroke: "var(--frame)" });
    for (const one of series) if (one.band) {
      const style = { fill: ink(one.look), opacity: one.look.opacity };
      if (rows) for (const [row, low, high] of one.band) element(paper, "rect", { x: x.place(low), y: y.place(row) + one.look.shift - 6, width: x.place(high) - x.place(low), height: 12, ...style });
      else element(paper, "path", { d: line(one.band.map((b) => [b[0], b[1]]), (point) => place(point)) + line([...one.band].reverse().map((b) => [b[0], b[2]]), (point) => place(point)).replace("M", "L") + "z", ...style });
    }
    for (const one of series) if (!one.band) {
      if (one.kind === "line") element(paper, "path", { d: line(one.points, (point) => place(point)), fill: "none", stroke: ink(one.look), "stroke-width": one.look.width || 1.6, "stroke-dasharray": one.look.dash || "none" });
      else for (const point of one.points) mark(paper, ...place(point, one.look), one.look, narrow ? 3.5 : 4.5);
    }
    this.places = series.filter((one) => !one.band).map((one) => ({
      one, at: one.points.map((point) => [...place(point, one.look), point[2]]).filter(([px, py]) => px >= left - 1 && px <= right + 1 && py >= top - 1 && py <= bottom + 1),
    })).filter((entry) => entry.at.length);
    this.cross = element(svg, "circle", { r: 8, fill: "none", stroke: "var(--ink)", "stroke-width": 2, visibility: "hidden" });
    if (!this.at) this.say(plot.hint);
  }

  grid(x, y, { left, right, top, bottom }) {
    const { svg, plot } = this;
    element(svg, "rect", { x: left, y: top, width: right - left, height: bottom - top, fill: "none", stroke: "var(--frame)" });
    for (const tick of x.ticks) {
      element(svg, "path", { d: `M${x.place(tick)} ${top}V${bottom}`, stroke: "var(--grid)" });
      element(svg, "text", { x: x.place(tick), y: bottom + 17, "text-anchor": "middle" }, shown(tick));
    }
    for (const tick of y.ticks) {
      element(svg, "path", { d: `M${left} ${y.place(tick)}H${right}`, stroke: "var(--grid)" });
      element(svg, "text", { x: left - 6, y: y.place(tick) + 4, "text-anchor": "end" }, shown(tick));
    }
    element(svg, "text", { x: (left + right) / 2, y: bottom + 38, "text-anchor": "middle" }, plot.x);
    if (!plot.rows) element(svg, "text", { transform: `translate(12 ${(top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, plot.y);
  }

  say(text) {
    this.said.replaceChildren();
    put(this.said, text);
  }

  choose(entry, number) {
    this.at = { name: entry.one.name, number };
    const [x, y, text] = entry.at[number];
    for (const [key, value] of Object.entries({ cx: x, cy: y, visibility: "visible" })) this.cross.setAttribute(key, value);
    this.say(`${entry.one.name}: ${text}`);
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    const here = [event.clientX - box.left, event.clientY - box.top];
    let best = null;
    for (const entry of this.places) entry.at.forEach(([x, y], number) => {
      const distance = Math.hypot(x - here[0], y - here[1]);
      if (!best || distance < best.distance) best = { distance, entry, number };
    });
    if (best) this.choose(best.entry, best.number);
  }

  key(event) {
    const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    const move = moves[event.key];
    if (!move || !this.places.length) return;
    event.preventDefault();
    let index = this.at ? this.places.findIndex((entry) => entry.one.name === this.at.name) : -1;
    if (index < 0) return this.choose(this.places[0], 0);
    if (move[0]) {
      index = (index + move[0] + this.places.length) % this.places.length;
      return this.choose(this.places[index], Math.min(this.at.number, this.places[index].at.length - 1));
    }
    const count = this.places[index].at.length;
    this.choose(this.places[index], (this.at.number + move[1] + count) % count);
  }
}

for (const plot of JSON.parse(document.getElementById("data").textContent).plots) new Plot(document.getElementById(plot.id), plot);
