"use strict";
// The page of `triher view`: what is drawn is NiiVue's, every number is the server's.

const at = (id) => document.getElementById(id);
let text = {};
const words = (key, values = {}) => Object.entries(values).reduce((t, [name, value]) => t.replaceAll(`{$${name}}`, value), text[key] ?? key);

function say(message, failed = false) {
  at("status").textContent = message;
  at("status").classList.toggle("failed", failed);
}

async function ask(path, options) {
  const response = await fetch(path, options);
  if (response.ok) return response;
  let problem = response.statusText;
  try {
    problem = (await response.json()).error;
  } catch {
    // The status says enough.
  }
  throw new Error(problem);
}

/** Does something that takes a moment, and says how it went. */
async function busy(key, work) {
  say(words("view-busy", { what: words(key) }));
  document.body.setAttribute("aria-busy", "true");
  try {
    const result = await work();
    say(words("view-ready"));
    return result;
  } catch (error) {
    say(error.message, true);
    return undefined;
  } finally {
    document.body.removeAttribute("aria-busy");
  }
}

const viewer = { nv: null, facts: null, phase: 0, signal: null, differences: null, overlay: null, place: null, asked: 0 };

/** The 1st and 99.5th percentile of a sample of values. */
function greyWindow(values) {
  const step = Math.max(1, Math.floor(values.length / 200000));
  const sample = [];
  for (let k = 0; k < values.length; k += step) if (Number.isFinite(values[k])) sample.push(values[k]);
  sample.sort((a, b) => a - b);
  const rank = (share) => sample[Math.round((sample.length - 1) * share)] ?? 0;
  return [rank(0.01), rank(0.995)];
}

function setPhase(phase) {
  const last = viewer.facts.times_s.length - 1;
  viewer.phase = Math.min(last, Math.max(0, phase));
  at("phase").value = viewer.phase;
  const seconds = viewer.facts.times_s[viewer.phase];
  const name = words(viewer.phase === 0 ? "view-phase-before" : "view-phase-after", { number: viewer.phase });
  at("phase-name").textContent = seconds === null ? name : words("view-phase-seconds", { name, seconds: seconds.toFixed(0) });
  viewer.nv.setFrame4D(viewer.nv.volumes[0].id, viewer.phase);
  showCurve();
}

async function setSubtraction(on) {
  const volume = viewer.nv.volumes[0];
  if (on && viewer.differences === null) {
    const bytes = await busy("view-subtraction", async () => (await ask("api/differences.nii")).arrayBuffer());
    if (bytes === undefined) {
      at("subtraction").checked = false;
      return;
    }
    viewer.differences = new Float32Array(bytes, 352);
  }
  volume.img = on ? viewer.differences : viewer.signal;
  [volume.cal_min, volume.cal_max] = greyWindow(volume.img);
  viewer.nv.updateGLVolume();
}

/** Colours, and the range that they stand for. */
const OVERLAYS = {
  "percent-enhancement": { colormap: "viridis", range: () => [20, 200], unit: "%" },
  "signal-enhancement-ratio": { colormap: "plasma", range: () => [0.5, 2], unit: "" },
  ktrans: { colormap: "inferno", range: (values) => [0.001, upper(values)], unit: "/min" },
  habitats: { colormap: "actc", range: () => [0.5, 3], unit: "" },
  attribution: { colormap: "hot", range: (values) => [0.1 * upper(values), upper(values)], unit: "" },
};

function upper(values) {
  const present = Array.from(values).filter((v) => v > 0).sort((a, b) => a - b);
  return present[Math.round((present.length - 1) * 0.995)] ?? 1;
}

async function setOverlay(name) {
  if (viewer.overlay !== null) viewer.nv.removeVolume(viewer.overlay);
  viewer.overlay = null;
  at("overlay-range").textContent = "";
  if (name === "") return;
  const { colormap, range, unit } = OVERLAYS[name];
  await busy(`view-overlay-${name}`, async () => {
    // Fetched here and not by NiiVue, so that a refusal is said in its own words; the map is computed once.
    const bytes = await (await ask(`api/overlay/${name}.nii`)).blob();
    const url = URL.createObjectURL(bytes);
    const opacity = Number(at("opacity").value);
    const volume = await viewer.nv.addVolumeFromUrl({ url, name: `${name}.nii`, colormap, opacity });
    URL.revokeObjectURL(url);
    [volume.cal_min, volume.cal_max] = range(volume.img);
    viewer.nv.updateGLVolume();
    viewer.overlay = volume;
    const digits = volume.cal_max < 1 ? 3 : 1;
    at("overlay-range").textContent = words("view-overlay-range", { low: volume.cal_min.toFixed(digits), high: volume.cal_max.toFixed(digits), unit });
  });
  if (viewer.overlay === null) at("overlay").value = "";
}

/** One digit, and no minus before zero. */
const millimetres = (value) => value.toFixed(1).replace(/^-0\.0$/, "0.0");

async function showCurve() {
  if (viewer.place === null) return;
  viewer.asked += 1;
  const mine = viewer.asked;
  const [x, y, z] = viewer.place;
  try {
    // From NiiVue's axes (right, anterior, superior) to those of DICOM.
    const curve = await (await ask(`api/curve?x=${-x}&y=${-y}&z=${z}`)).json();
    if (mine !== viewer.asked) return;
    if (curve === null) {
      at("place").textContent = words("view-outside");
      return;
    }
    const key = curve.in_lesion ? "view-place-in-lesion" : "view-place";
    at("place").textContent = words(key, { voxel: curve.voxel.join(", "), x: millimetres(-x), y: millimetres(-y), z: millimetres(z) });
    at("place").dataset.voxel = curve.voxel.join(",");
    drawCurve(at("curve"), curve, viewer.facts.times_s, viewer.phase, words);
    fillCurveTable(at("curve-table"), curve, viewer.facts.times_s, words);
  } catch (error) {
    say(error.message, true);
  }
}

// NiiVue shows oblique images along their own axes and by itself counts millimetres along those; asked to (the last argument), it takes the image's matrix.
const fractionOf = (lps) => viewer.nv.mm2frac([-lps[0], -lps[1], lps[2]], 0, true);
const placeOf = (fraction) => Array.from(viewer.nv.frac2mm(fraction, 0, true)).slice(0, 3);

function goTo(lps) {
  const { nv } = viewer;
  nv.scene.crosshairPos = fractionOf(lps);
  nv.drawScene();
  viewer.place = [-lps[0], -lps[1], lps[2]];
  showCurve();
}

function showOutline(lesion) {
  viewer.facts.lesion = lesion;
  at("outline-facts").textContent =
    lesion === null
      ? words("view-outline-none")
      : words("view-outline-facts", { from: lesion.found_by, voxels: lesion.voxels, volume: (lesion.volume_mm3 / 1000).toFixed(2), diameter: lesion.longest_diameter_mm.toFixed(1) });
  at("predict").disabled = lesion === null;
  at("lesion-name").hidden = lesion === null;
}

function setPen(kind) {
  const { nv } = viewer;
  nv.setDrawingEnabled(kind !== "off");
  if (kind === "off") return;
  nv.opts.penType = kind === "box" ? 1 : 0;
  nv.opts.penSize = Number(at("pen-size").value);
  nv.setPenValue(kind === "erase" ? 0 : 1, kind !== "draw");
}

async function apply() {
  const done = await busy("view-apply", async () => {
    const bytes = await viewer.nv.saveImage({ filename: "", isSaveDrawing: true });
    // NiiVue gives the drawing the header of the series: one frame, not all of them, follows.
    const header = new DataView(bytes.buffer, bytes.byteOffset);
    header.setInt16(40, 3, true);
    header.setInt16(48, 1, true);
    const response = await ask("api/outline", { method: "POST", body: bytes });
    return response.json();
  });
  if (done === undefined) return false;
  showOutline(done);
  await showCurve();
  return true;
}

/** Takes the outline as it is drawn, and asks the model about it. */
async function take() {
  if (!(await apply())) return false;
  if (viewer.facts.classes.length > 0) await predict();
  return true;
}

/** Takes the outline as it is drawn and hands it to the browser to save: on the grid of the phases, as the server keeps it. */
async function save() {
  if (!(await take())) return;
  const saved = await busy("view-save", async () => {
    const plain = await (await ask("api/outline.nii")).blob();
    const packed = await new Response(plain.stream().pipeThrough(new CompressionStream("gzip"))).blob();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(packed);
    // No identifier in the name: files are passed on.
    link.download = "outline.nii.gz";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    return link.download;
  });
  if (saved !== undefined) say(words("view-saved", { file: saved }));
}

async function predict() {
  const found = await busy("view-predict", async () => (await ask("api/predict", { method: "POST" })).json());
  if (found === undefined) {
    // Stays, whatever the status says next: an old prediction must not stand beside a new outline.
    at("prediction-notes").textContent = at("status").textContent;
    at("probabilities").tBodies[0].replaceChildren();
    return;
  }
  const rows = Object.entries(found.probabilities).map(([name, probability]) => {
    const row = document.createElement("tr");
    row.classList.toggle("most", name === found.class);
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = text[`class-${name}`] ?? name;
    const bar = document.createElement("td");
    const meter = document.createElement("meter");
    meter.value = probability;
    meter.setAttribute("aria-hidden", "true");
    bar.append(meter);
    const number = document.createElement("td");
    number.dataset.class = name;
    number.textContent = `${(100 * probability).toFixed(1)} %`;
    row.append(head, bar, number);
    return row;
  });
  at("probabilities").tBodies[0].replaceChildren(...rows);
  const notes = [];
  if (found.prediction_set !== null) {
    notes.push(words("view-set", { classes: found.prediction_set.map((c) => text[`class-${c}`] ?? c).join(", ") || "–" }));
  }
  if (found.out_of_distribution === true) notes.push(words("view-strange"));
  notes.push(words("view-about", { from: found.lesion.found_by, voxels: found.lesion.voxels }));
  at("prediction-notes").textContent = notes.join(" ");
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, button")) return;
  const { nv } = viewer;
  const moves = { ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, 1, 0], ArrowDown: [0, -1, 0], PageUp: [0, 0, 1], PageDown: [0, 0, -1] };
  const actions = {
    "[": () => setPhase(viewer.phase - 1),
    "]": () => setPhase(viewer.phase + 1),
    s: () => at("subtraction").click(),
    u: () => at("undo").click(),
    p: () => !at("prediction").hidden && at("predict").click(),
    l: () => viewer.facts.lesion !== null && goTo(viewer.facts.lesion.centre_mm),
  };
  if (event.key in moves) nv.moveCrosshairInVox(...moves[event.key]);
  else if (event.key in actions) actions[event.key]();
  else return;
  event.preventDefault();
}

function listen() {
  at("phase").addEventListener("input", (event) => setPhase(Number(event.target.value)));
  at("subtraction").addEventListener("change", (event) => setSubtraction(event.target.checked));
  at("overlay").addEventListener("change", (event) => setOverlay(event.target.value));
  at("opacity").addEventListener("input", (event) => {
    if (viewer.overlay === null) return;
    viewer.nv.setOpacity(viewer.nv.volumes.indexOf(viewer.overlay), Number(event.target.value));
  });
  const pen = () => setPen(document.querySelector("input[name=pen]:checked").value);
  at("pens").addEventListener("change", pen);
  at("undo").addEventListener("click", () => viewer.nv.drawUndo());
  at("apply").addEventListener("click", take);
  at("save").addEventListener("click", save);
  at("predict").addEventListener("click", predict);
  document.addEventListener("keydown", onKey);
}

async function start() {
  const catalogue = await (await ask("api/text")).json();
  text = catalogue.text;
  document.documentElement.lang = catalogue.language;
  for (const holder of document.querySelectorAll("[data-text]")) holder.textContent = words(holder.dataset.text);
  viewer.facts = await (await ask("api/facts")).json();
  const { facts } = viewer;
  at("patient").textContent = facts.patient_id;
  document.title = `${facts.patient_id} – triher`;
  at("canvas").setAttribute("aria-label", words("view-canvas", { patient: facts.patient_id }));
  at("phase").max = facts.times_s.length - 1;
  at("prediction").hidden = facts.classes.length === 0;
  for (const name of facts.overlays) at("overlay").append(new Option(words(`view-overlay-${name}`), name));
  if (facts.warnings.length > 0) {
    at("warnings").hidden = false;
    at("warnings").querySelector("ul").append(...facts.warnings.map((w) => Object.assign(document.createElement("li"), { textContent: w })));
  }
  const nv = new niivue.Niivue({
    backColor: [0, 0, 0, 1],
    crosshairColor: [0.34, 0.71, 0.91, 1],
    crosshairWidth: 0.5,
    dragAndDropEnabled: false,
    isRadiologicalConvention: true,
    loadingText: "",
    logLevel: "error",
    multiplanarShowRender: 0,
    show3Dcrosshair: true,
    sliceType: 3,
  });
  viewer.nv = nv;
  await nv.attachToCanvas(at("canvas"));
  // The axial plane large, the coronal and sagittal ones beside it: left, top, width, height.
  nv.setCustomLayout([
    { sliceType: 0, position: [0, 0, 0.62, 1] },
    { sliceType: 1, position: [0.63, 0, 0.37, 0.495] },
    { sliceType: 2, position: [0.63, 0.505, 0.37, 0.495] },
  ]);
  await nv.loadVolumes([{ url: "api/phases.nii", name: "phases.nii", colormap: "gray" }]);
  viewer.signal = nv.volumes[0].img;
  [nv.volumes[0].cal_min, nv.volumes[0].cal_max] = greyWindow(viewer.signal);
  nv.updateGLVolume();
  await nv.loadDrawingFromUrl("api/outline.nii");
  nv.setDrawOpacity(0.35);
  nv.onLocationChange = () => {
    viewer.place = placeOf(nv.scene.crosshairPos);
    showCurve();
  };
  listen();
  showOutline(facts.lesion);
  setPhase(Math.min(1, facts.times_s.length - 1));
  if (facts.lesion !== null) goTo(facts.lesion.centre_mm);
  say(words("view-ready"));
  if (facts.classes.length > 0 && facts.lesion !== null) await predict();
  document.body.dataset.ready = "true";
}

start().catch((error) => say(error.message, true));
