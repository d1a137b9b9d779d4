// How a picture becomes what the network takes: the same steps, in the same order and with the same
// rounding, as `vggtune predict`. Pure functions of pixels: no canvas ever resizes anything, because
// every browser does that in its own way.

/** The size and place of the centre square: the shorter side becomes `resize`, then `size` is cut out. */
export function centrePlacement(image, { size, resize }) {
  const shorter = Math.max(resize, size);
  const portrait = image.width <= image.height;
  const width = portrait ? shorter : Math.trunc((shorter * image.width) / image.height);
  const height = portrait ? Math.trunc((shorter * image.height) / image.width) : shorter;
  return {
    width,
    height,
    left: roundHalfToEven((width - size) / 2),
    top: roundHalfToEven((height - size) / 2),
  };
}

function roundHalfToEven(x) {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** RGBA bytes on a background colour, as RGB bytes. */
export function flatten({ data, width, height }, background) {
  const colour = [1, 3, 5].map((at) => Number.parseInt(background.slice(at, at + 2), 16));
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const alpha = data[from + 3] / 255;
    for (let c = 0; c < 3; c++) {
      rgb[to + c] =
        alpha === 1 ? data[from + c] : Math.round(data[from + c] * alpha + colour[c] * (1 - alpha));
    }
  }
  return { data: rgb, width, height };
}

/**
 * For each output cell of [start, start + count) of a side scaled from `from` to `to` cells: the first
 * input cell and the weights of a triangle filter, which widens as the side shrinks (antialiasing).
 */
export function triangleWeights(from, to, { start, count }) {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const rows = [];
  for (let cell = start; cell < start + count; cell++) {
    const centre = (cell + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const last = Math.min(from, Math.trunc(centre + support + 0.5));
    const weights = [];
    for (let i = first; i < last; i++) {
      weights.push(Math.max(0, 1 - Math.abs((i + 0.5 - centre) / support)));
    }
    const sum = weights.reduce((total, weight) => total + weight, 0);
    rows.push({ first, weights: weights.map((weight) => weight / sum) });
  }
  return rows;
}

/** The centre square of an RGB image, [size, size, 3] bytes. */
export function centreSquare(image, { size, resize }) {
  const place = centrePlacement(image, { size, resize });
  const columns = triangleWeights(image.width, place.width, { start: place.left, count: size });
  const rows = triangleWeights(image.height, place.height, { start: place.top, count: size });
  const across = resizeColumns(image, columns);
  return resizeRows(across, { rows, size });
}

/** Rounded to bytes between the two passes, as Pillow and libvips do. */
function resizeColumns({ data, width, height }, columns) {
  const out = new Uint8ClampedArray(columns.length * height * 3);
  for (let y = 0; y < height; y++) {
    columns.forEach(({ first, weights }, x) => {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let i = 0; i < weights.length; i++) {
          sum += weights[i] * data[(y * width + first + i) * 3 + c];
        }
        out[(y * columns.length + x) * 3 + c] = Math.floor(sum + 0.5);
      }
    });
  }
  return out;
}

function resizeRows(data, { rows, size }) {
  const out = new Uint8ClampedArray(size * size * 3);
  const row = size * 3;
  rows.forEach(({ first, weights }, y) => {
    for (let x = 0; x < row; x++) {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * data[(first + i) * row + x];
      out[y * row + x] = Math.floor(sum + 0.5);
    }
  });
  return out;
}
