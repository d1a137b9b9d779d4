import { OPSET_VERSION } from '../formats/onnx-model.ts';
import type { ExportModel } from './model.ts';
import { IMAGE_IMPORT, pixelsFunction, READ_LABELS } from './python-image.ts';
import { code, readme } from './readme.ts';

interface OnnxReadme {
  readonly title: string;
  readonly inside: string;
  /** The model takes the normalised image. */
  readonly normalised?: boolean;
  readonly more?: string;
}

/** How an ONNX model is run from Python and from Node. */
export function pixelsReadme(model: ExportModel, parts: OnnxReadme): string {
  const { title, inside, normalised = false, more = '' } = parts;
  const body = [
    `Standard operators of opset ${OPSET_VERSION}; the number of images is open. ${more}`.trim(),
    'In Python, with onnxruntime, numpy and Pillow:',
    code('python', normalised ? normalisedPython(model) : pixelsPython(model)),
    normalised ? '' : `In Node, with onnxruntime-node:\n\n${code('js', node(model))}`,
  ];
  return readme(model, { title, inside, body: body.filter((part) => part !== '').join('\n\n') });
}

const pixelsPython = (model: ExportModel) => `${pythonHead(model)}
probabilities = session.run(None, {"image": pixels("picture.jpg")[None]})[0][0]
print(labels[probabilities.argmax()], probabilities.max())`;

function normalisedPython(model: ExportModel): string {
  const { channels, scale, mean, std } = model.network.preprocessing;
  const swap = channels === 'bgr' ? '[..., ::-1]' : '';
  return `${pythonHead(model)}
values = pixels("picture.jpg")${swap}.astype(np.float32)
values = (values * np.float32(${scale}) - np.array([${mean.join(', ')}], np.float32)) / np.array([${std.join(', ')}], np.float32)
probabilities = session.run(None, {"normalised": values.transpose(2, 0, 1)[None].copy()})[0][0]
print(labels[probabilities.argmax()], probabilities.max())`;
}

function pythonHead(model: ExportModel): string {
  return `import json

import numpy as np
import onnxruntime
${IMAGE_IMPORT}

session = onnxruntime.InferenceSession("model.onnx")
${READ_LABELS}


${pixelsFunction(model)}

`;
}

function node(model: ExportModel): string {
  const { size } = model.network.preprocessing;
  return `import { InferenceSession, Tensor } from 'onnxruntime-node';

const session = await InferenceSession.create('model.onnx');
// pixels: a Uint8Array of RGB values, ${size} x ${size}, row by row
const image = new Tensor('uint8', pixels, [1, ${size}, ${size}, 3]);
const { probabilities } = await session.run({ image });
console.log(probabilities.data);`;
}
