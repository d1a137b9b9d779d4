// The page: a picture in, the classes out. `tf` is TensorFlow.js, bundled above.
import { centreSquare, flatten } from './preprocess.js';

const shown = 5;
const element = (id) => document.getElementById(id);
let model;
let facts;

async function start() {
  try {
    await pickBackend();
    model = await tf.loadLayersModel('model/model.json', { onProgress: showProgress });
    facts = model.getUserDefinedMetadata();
    describe();
    // The first run compiles shaders: better now than when somebody waits for it.
    const { size } = facts.preprocessing;
    tf.dispose(model.predict(tf.zeros([1, size, size, 3])));
    setState('ready', 'Drop a picture here, paste one, or click to choose');
  } catch (error) {
    const hint =
      location.protocol === 'file:'
        ? ' A page opened from a file may not read the model beside it: serve this folder, for example with "npx serve" or "python3 -m http.server".'
        : '';
    setState('failed', `The model could not be loaded: ${error.message}.${hint}`);
  }
}

/** WebGL where there is a graphics card, WebAssembly elsewhere, plain JavaScript at worst. */
async function pickBackend() {
  const asked = new URLSearchParams(location.search).get('backend');
  if (tf.wasm) tf.wasm.setWasmPaths('wasm/');
  for (const backend of asked ? [asked] : ['webgl', 'wasm', 'cpu']) {
    if (backend === 'webgl' && !asked && isSoftwareGl()) continue;
    const set = await tf.setBackend(backend).catch(() => false);
    if (set) return;
  }
}

/** A graphics card that the processor pretends to be is slower than WebAssembly. */
function isSoftwareGl() {
  const gl = document.createElement('canvas').getContext('webgl2');
  const info = gl?.getExtension('WEBGL_debug_renderer_info');
  const name = info ? String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)) : '';
  return gl === null || /swiftshader|llvmpipe|software/i.test(name);
}

function showProgress(share) {
  element('progress').style.setProperty('--share', share);
  setState('loading', `Loading the model: ${Math.round(share * 100)} %`);
}

function setState(state, text) {
  document.body.dataset.state = state;
  element('hint').textContent = text;
}

function describe() {
  document.title = facts.run.name;
  element('title').textContent = facts.run.name;
  const accuracy = facts.run.metrics.accuracy;
  const measured =
    accuracy === undefined
      ? ''
      : ` · accuracy ${(accuracy * 100).toFixed(1)} % on ${facts.run.side} images`;
  element('facts').textContent =
    `${facts.backbone} · ${facts.labels.length} classes · ${facts.preprocessing.size} × ${facts.preprocessing.size} pixels${measured}`;
  element('backend').textContent = tf.getBackend();
}

/** The file's own colours: no profile is applied, nothing is multiplied with the transparency. */
async function decode(blob) {
  const bitmap = await createImageBitmap(blob, {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
    imageOrientation: 'from-image',
  });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

async function classify(blob) {
  setState('busy', 'Looking');
  const began = performance.now();
  try {
    const image = flatten(await decode(blob), facts.preprocessing.background);
    const pixels = centreSquare(image, facts.preprocessing);
    const { size } = facts.preprocessing;
    const input = tf.tensor4d(Float32Array.from(pixels), [1, size, size, 3]);
    const output = model.predict(input);
    const probabilities = [...(await output.data())];
    tf.dispose([input, output]);
    show(blob, probabilities, performance.now() - began);
  } catch (error) {
    setState('ready', `That is no picture this browser can read (${error.message}). Try another`);
  }
}

function show(blob, probabilities, milliseconds) {
  const ranked = facts.labels
    .map((label, index) => ({ label, probability: probabilities[index] }))
    .sort((a, b) => b.probability - a.probability);
  window.vggtune = { probabilities, labels: facts.labels, backend: tf.getBackend() };
  URL.revokeObjectURL(element('picture').src);
  element('picture').src = URL.createObjectURL(blob);
  element('classes').replaceChildren(...ranked.slice(0, shown).map(row));
  element('time').textContent = `${Math.round(milliseconds)} ms`;
  setState('answered', 'Drop, paste or click for another picture');
}

function row({ label, probability }) {
  const item = document.createElement('li');
  const name = document.createElement('span');
  const share = document.createElement('span');
  item.style.setProperty('--share', probability);
  name.className = 'name';
  name.textContent = label;
  share.className = 'share';
  share.textContent = `${(probability * 100).toFixed(1)} %`;
  item.append(name, share);
  return item;
}

const zone = element('zone');
const choose = (files) => {
  if (files[0] && model) classify(files[0]);
};
element('file').addEventListener('change', ({ target }) => choose(target.files));
zone.addEventListener('dragover', (event) => {
  event.preventDefault();
  zone.classList.add('over');
});
zone.addEventListener('dragleave', () => zone.classList.remove('over'));
zone.addEventListener('drop', (event) => {
  event.preventDefault();
  zone.classList.remove('over');
  choose(event.dataTransfer.files);
});
document.addEventListener('paste', ({ clipboardData }) => choose(clipboardData.files));
start();
