"use strict";
// The time-intensity curve: a picture, and the same numbers as a table.

const SVG = "http://www.w3.org/2000/svg";

function node(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The next larger of 1, 2, 5, 10, 20, 50 ... */
function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
}

/** Draws percent enhancement of the voxel (whole line) and of the lesion (broken) over seconds, or over phases where times are unknown. */
function drawCurve(holder, curve, times, phase, words) {
  const [width, height, left, right, top, bottom] = [340, 170, 44, 10, 12, 34];
  const known = times.every((t) => t !== null);
  const xs = known ? times : times.map((_, at) => at);
  const lesion = curve.lesion_signal.map((v) => (curve.lesion_signal[0] > 0 ? (100 * (v - curve.lesion_signal[0])) / curve.lesion_signal[0] : null));
  const all = [...curve.percent_enhancement, ...lesion].filter((v) => v !== null);
  const step = niceStep((Math.max(10, ...all) - Math.min(0, ...all)) / 4);
  const low = step * Math.floor(Math.min(0, ...all) / step);
  const high = step * Math.ceil(Math.max(10, ...all) / step);
  const x = (v) => left + ((v - xs[0]) / (xs[xs.length - 1] - xs[0] || 1)) * (width - left - right);
  const y = (v) => top + (1 - (v - low) / (high - low)) * (height - top - bottom);
  const picture = node("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words("view-curve-label") });
  for (let value = low; value <= high; value += step) {
    picture.append(node("line", { class: "axis", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
    picture.append(node("text", { x: left - 5, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(0)));
  }
  xs.forEach((v, at) => picture.append(node("text", { x: x(v), y: height - bottom + 14, "text-anchor": "middle" }, known ? v.toFixed(0) : `C${at}`)));
  picture.append(node("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, words(known ? "view-curve-seconds" : "view-curve-phases")));
  picture.append(node("line", { class: "now", x1: x(xs[phase]), x2: x(xs[phase]), y1: top, y2: height - bottom }));
  for (const [kind, values] of [["lesion", lesion], ["voxel", curve.percent_enhancement]]) {
    const points = values.map((v, at) => (v === null ? null : [x(xs[at]), y(v)])).filter((p) => p !== null);
    picture.append(node("polyline", { class: kind, points: points.map((p) => p.join(",")).join(" ") }));
    for (const [cx, cy] of points) picture.append(node("circle", { class: `${kind}-point`, cx, cy, r: 3 }));
  }
  holder.replaceChildren(picture);
}

/** One row a phase: seconds, signal and percent enhancement of the voxel, mean signal of the lesion. */
function fillCurveTable(table, curve, times, words) {
  const row = (cells, head) => {
    const made = document.createElement("tr");
    cells.forEach((text, at) => {
      const cell = document.createElement(head || at === 0 ? "th" : "td");
      cell.scope = head ? "col" : "row";
      if (!head && at > 0) cell.removeAttribute("scope");
      cell.textContent = text;
      made.append(cell);
    });
    return made;
  };
  const outlined = curve.lesion_signal.length > 0;
  const timed = times.every((t) => t !== null);
  const heads = ["view-phase", ...(timed ? ["view-column-seconds"] : []), "view-column-signal", "view-column-enhancement"].map((key) => words(key));
  if (outlined) heads.push(words("view-column-lesion"));
  table.tHead.replaceChildren(row(heads, true));
  table.tBodies[0].replaceChildren(
    ...curve.signal.map((signal, at) => {
      const enhancement = curve.percent_enhancement[at];
      const cells = [`C${at}`, ...(timed ? [times[at].toFixed(0)] : []), signal.toFixed(1), enhancement === null ? "–" : enhancement.toFixed(1)];
      if (outlined) cells.push(curve.lesion_signal[at].toFixed(1));
      return row(cells, false);
    }),
  );
}
