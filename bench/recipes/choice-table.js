// What was advised beside what the strategies reach, as a Markdown table, and how often it was right.

const STRATEGIES = ['head', 'top', 'all', 'scratch'];
/** Points within which a strategy is as good as the best. */
const WITHIN = 2;
/** Borders of the confidences that are counted together. */
const BINS = [0.5, 0.7, 0.9, 1.01];

/** The advice on sets on which every strategy was run, with what each reached. */
function judgedAdvice(advice, runs, { backbone, size, as }) {
  return advice
    .filter((line) => line.backbone === backbone && line.size === size)
    .map((line) => ({ ...line, reached: reachedBy(line, runs, as) }))
    .filter(({ reached }) => STRATEGIES.every((name) => reached[name] !== undefined));
}

/** With which confidence a choice was made, and whether it was within two points of the best: one of each advice. */
export function confidences(advice, runs, { way, ...of }) {
  return judgedAdvice(advice, runs, of).map((line) => ({
    set: line.set,
    confidence: line[way].confidence,
    hit: behind(line, way) <= WITHIN,
  }));
}

/** Choices whose confidences are counted together: how many, what was said in the mean, and the share that was right. */
export function confidenceBins(choices) {
  return BINS.slice(1).flatMap((to, at) => {
    const from = at === 0 ? 0 : BINS[at];
    const own = choices.filter(({ confidence }) => confidence >= from && confidence < to);
    if (own.length === 0) return [];
    const said = own.reduce((sum, { confidence }) => sum + confidence, 0) / own.length;
    return [{ count: own.length, said, hit: own.filter(({ hit }) => hit).length / own.length }];
  });
}

export function adviceTable(advice, runs, of) {
  const rows = judgedAdvice(advice, runs, of);
  const header = [
    'set',
    'images',
    ...STRATEGIES,
    'advised',
    'behind',
    'without trials',
    'behind',
    'trials, s',
  ];
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [
    row(header),
    row(header.map(() => '---')),
    ...rows.map((line) =>
      row([
        `${line.set} ${line.seed}`,
        line.images,
        ...STRATEGIES.map((name) => line.reached[name].toFixed(1)),
        `${line.withTrials.strategy} (${line.withTrials.confidence.toFixed(2)})`,
        behind(line, 'withTrials').toFixed(1),
        `${line.without.strategy} (${line.without.confidence.toFixed(2)})`,
        behind(line, 'without').toFixed(1),
        secondsOf(line.trials).toFixed(0),
      ]),
    ),
    '',
    ...['withTrials', 'without'].map((way) => summary(rows, way)),
  ].join('\n');
}

/** What strategies reach over the head, in points: the mean over sets, and its limits with any one left out. */
export function priorTable(runs, as) {
  const backbones = ['vgg-nano', 'vgg16'];
  const lines = backbones.flatMap((backbone) =>
    STRATEGIES.slice(1).flatMap((name) => {
      const gains = gainsOf({ backbone, name }, runs, as);
      if (gains.length < 3) return [];
      const mean = meanOf(gains);
      const deviation = Math.sqrt(meanOf(gains.map((gain) => (gain - mean) ** 2)));
      const left = gains.map((_, out) => meanOf(gains.filter((__, i) => i !== out)));
      const cells = [mean, Math.min(...left), Math.max(...left), deviation];
      const figures = cells.map((cell) => cell.toFixed(1)).join(' | ');
      return [`| ${backbone} | ${name} | ${gains.length} | ${figures} |`];
    }),
  );
  return [
    '| backbone | strategy | sets | mean | least, one left out | most | deviation |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

function gainsOf({ backbone, name }, runs, as) {
  const own = runs.filter(
    (line) => (line.backbone ?? 'vgg16') === backbone && line.as === as && line.seed === 0,
  );
  return own.flatMap(({ what, set, accuracy }) => {
    const head = own.find((line) => line.set === set && line.what === 'head');
    return what === name && head !== undefined ? [100 * (accuracy - head.accuracy)] : [];
  });
}

const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function reachedBy({ set, seed, size, backbone }, runs, as) {
  const same = (line) =>
    line.set === set &&
    line.seed === seed &&
    line.size === size &&
    line.as === as &&
    (line.backbone ?? 'vgg16') === backbone;
  return Object.fromEntries(runs.filter(same).map(({ what, accuracy }) => [what, 100 * accuracy]));
}

const secondsOf = (trials = []) => trials.reduce((sum, { seconds = 0 }) => sum + seconds, 0);

const behind = ({ reached, ...line }, way) =>
  Math.max(...STRATEGIES.map((name) => reached[name])) - reached[line[way].strategy];

function summary(rows, way) {
  const losses = rows.map((line) => behind(line, way));
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / Math.max(1, rows.length);
  const right = rows.map((line, i) => ({
    confidence: line[way].confidence,
    hit: losses[i] <= WITHIN,
  }));
  const bins = confidenceBins(right);
  const error =
    bins.reduce((sum, { count, said, hit }) => sum + count * Math.abs(said - hit), 0) /
    Math.max(1, rows.length);
  const told = bins.map(
    ({ count, said, hit }) => `said ${said.toFixed(2)}, right ${hit.toFixed(2)} of ${count}`,
  );
  return `${way === 'without' ? 'Without trials' : 'With trials'}: within ${WITHIN} points of the best on ${right.filter(({ hit }) => hit).length} of ${rows.length}, mean loss ${mean.toFixed(1)}, worst ${Math.max(0, ...losses).toFixed(1)}; ${told.join('; ')}; expected calibration error ${error.toFixed(2)}.`;
}
