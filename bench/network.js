// The network of a row of rows.js, for the engine and for PyTorch alike.
import { buildNetwork } from '../dist/network/build.js';

export const CLASSES = 10;

/**
 * The network, and the layers [from, to) that are run: up to the head in a forward pass, to the logits in a step.
 * @param {import('./rows.js').Row} row
 */
export function rowNetwork(row) {
  const network = buildNetwork({
    backbone: row.backbone,
    head: { kind: row.head, dropout: 0.5, hidden: 512 },
    classes: CLASSES,
    preprocessing: {
      channels: 'rgb',
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      size: row.size,
      resize: row.size,
    },
  });
  const from = row.after ? network.layers.findIndex(({ name }) => name === row.after) + 1 : 0;
  const to = row.kind === 'forward' ? network.headStart : network.layers.length;
  return { network, from, to };
}

/** The same as PyTorch's script takes it: the layers, and the shape of one image that goes in. */
export function rowForTorch(row) {
  const { network, from, to } = rowNetwork(row);
  const input = from === 0 ? [3, row.size, row.size] : network.shapes[from - 1];
  return { ...row, layers: network.layers.slice(from, to), input, classes: CLASSES };
}
