import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutateJson } from '../mutate-json.js';
import { words } from './tensors.js';

/** Config files of a run and of a batch, as YAML and as JSON, up to the config that comes of them. */
export async function create({ load, folder }) {
  const { parseConfig } = await load('run/run-records');
  const { declaredStrategy, resolveConfig } = await load('config/resolve');
  const { readBatchFile } = await load('batch/files');
  const { combinationCount, combinationName, combinations } = await load('batch/matrix');
  const path = join(folder, 'config.yaml');
  writeFileSync(join(folder, 'base.yaml'), 'epochs: 3\n');
  return {
    seeds: [YAML, BATCH, JSON_TEXT].map((text) => Buffer.from(text)),
    tokens: words(
      ...['&a ', '*a', '<<: ', '!!binary ', '!!set ', '!!js/function ', '? ', '- ', ': ', '{', '}'],
      ...['[', ']', '|\n', '>-\n', '---\n', '...\n', '%YAML 1.1\n', '# ', '"', "'", '\t', '\n  '],
      ...[
        '.inf',
        '.nan',
        '-.inf',
        '0x10',
        '1e999',
        '~',
        'null',
        'true',
        '__proto__',
        'constructor',
      ],
      ...['extends: ', 'base.yaml', 'config.yaml', 'best', 'matrix:', 'failIf:', 'epochs:', '\xff'],
      ...[
        'accuracy < 0.9',
        'optimizer:',
        'learningRate',
        'head',
        'auto',
        '../',
        '\\x41',
        '\xe2\x80\xae',
      ],
    ),
    read: (bytes) => {
      writeFileSync(path, bytes);
      const file = readBatchFile(path);
      if (combinationCount(file.axes) <= 100) {
        for (const choices of combinations(file.axes)) combinationName(choices);
      }
      const strategy = declaredStrategy(file.sources);
      resolveConfig(file.sources, strategy === 'auto' ? 'head' : strategy);
      // What a run has stored of its settings is read in another way.
      parseConfig(bytes.toString(), 'run/config.yaml');
    },
    make: (bytes, { rng }) => Buffer.from(mutateJson(bytes.toString(), rng)),
  };
}

const YAML = `# a run
extends: [quick, base.yaml]
data: images
backbone: vgg16
strategy: top
optimizer:
  learningRate: 1e-3
  kind: adam
head: {kind: mlp, hidden: 64}
augment: {flip: true}
export: [onnx, safetensors]
`;

const BATCH = `data: images
out: runs/x
matrix:
  optimizer.learningRate: [0.1, 0.01]
  head: [{kind: linear}, {kind: mlp, hidden: 8}]
failIf: ['accuracy < 0.9', 'top5 < 95%']
epochs: &n 3
batchSize: *n
`;

const JSON_TEXT = JSON.stringify({
  data: 'images',
  seed: 7,
  strategy: 'all',
  epochs: 4,
  image: { background: '#ffffff', size: 224, maxPixels: 1000000 },
  optimizer: { kind: 'sgd', learningRate: 0.01, momentum: 0.9 },
  schedule: { kind: 'cosine' },
  augment: { crop: [0.5, 1], flip: true, rotate: 10 },
  head: { kind: 'mlp', hidden: 16, dropout: 0.5 },
  matrix: { seed: [1, 2] },
});
