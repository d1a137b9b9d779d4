/**
 * Writes the pictures of docs/how-it-works.md by the code of `vggtune explain`, of the published VGG16:
 *
 *   npm run docs:pictures
 *
 * A test fails where a picture is not what this would draw.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The pictures by their paths, by some modules of the program, from `src` or from `dist`. */
export async function pictures({ find, explain, fields, windows, cases, prefix, lessons, svg }) {
  const { network } = await find.findNetwork({ subject: 'vgg16' });
  const { cases: four } = lessons.strategies.strategyLesson(explain.plannedStrategies(network));
  const top = four.find(({ strategy }) => strategy === 'top');
  const drawings = {
    'receptive-field': fields.fieldDrawing(
      lessons.field.fieldLesson(network),
      network.preprocessing.size,
    ),
    'small-kernels': fields.stackDrawing(3),
    'dense-window': windows.windowDrawing(lessons.dense.denseLesson(network)),
    'four-cases': cases.casesDrawing(four),
    'frozen-prefix': prefix.prefixDrawing(top),
  };
  return Object.fromEntries(
    Object.entries(drawings).map(([name, drawing]) => [
      `docs/images/${name}.svg`,
      svg.svgFile(drawing),
    ]),
  );
}

/** The modules that the pictures are made of, loaded by a function that takes their paths in the source. */
export async function modules(load) {
  const [find, explain, fields, windows, cases, prefix, svg, field, dense, strategies] =
    await Promise.all(
      [
        'pipeline/inspect/find-network',
        'pipeline/inspect/explain',
        'explain/drawings/field',
        'explain/drawings/window',
        'explain/drawings/cases',
        'explain/drawings/prefix',
        'explain/drawings/svg',
        'explain/receptive-field',
        'explain/dense',
        'explain/strategies',
      ].map(load),
    );
  const lessons = { field, dense, strategies };
  return { find, explain, fields, windows, cases, prefix, svg, lessons };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const load = (path) => import(new URL(`../dist/${path}.js`, import.meta.url));
  for (const [path, text] of Object.entries(await pictures(await modules(load)))) {
    writeFileSync(new URL(`../${path}`, import.meta.url), text);
  }
}
