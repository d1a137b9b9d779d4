// The comparison as Markdown.

/** Points that the choice may be behind the best. */
const WITHIN = 0.02;
const STRATEGIES = ['head', 'all', 'top', 'scratch'];

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const spread = (values) =>
  values.length < 2
    ? 0
    : Math.sqrt(
        values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1),
      );
const points = (value) => (100 * value).toFixed(1);

/** @returns Markdown: a row a set, with the advisor's evidence, and what that amounts to */
export function tableOf(rows, options) {
  const judged = rows.map(judge);
  const good = judged.filter(({ isGood }) => isGood).length;
  return [
    line([
      'data',
      'made to be',
      'train / test',
      ...STRATEGIES,
      'advised',
      'behind the best',
      'evidence',
    ]),
    line(Array(10).fill('---')),
    ...judged.map(rowOf),
    '',
    `Test accuracy in per cent, mean and standard deviation over ${options.seeds} seeds; the best in bold.`,
    `The advisor's choice is the best or within ${100 * WITHIN} points of it in ${good} of ${judged.length}.`,
    `Weights: ${options.weights}; passes ${options.passes}, scale ${options.scale}, large from ${options['large-per-class']} a class.`,
    `The runs took ${minutes(rows)} minutes.`,
    '',
  ].join('\n');
}

const minutes = (rows) =>
  (rows.flatMap(({ runs }) => runs).reduce((sum, { seconds }) => sum + seconds, 0) / 60).toFixed(1);

const line = (cells) => `| ${cells.join(' | ')} |`;

function judge({ set, advice, runs }) {
  const figures = STRATEGIES.map((strategy) => {
    const values = runs.filter((run) => run.strategy === strategy).map(({ accuracy }) => accuracy);
    return { strategy, mean: mean(values), spread: spread(values) };
  });
  const best = Math.max(...figures.map((figure) => figure.mean));
  const chosen = figures.find(({ strategy }) => strategy === advice.advice.strategy);
  const behind = best - chosen.mean;
  return { set, advice, runs, figures, best, behind, isGood: behind <= WITHIN };
}

function rowOf({ set, advice, runs, figures, best, behind, isGood }) {
  const { strategy, runnerUp, freeze, confidence } = advice.advice;
  const cells = figures.map((figure) => {
    const text = `${points(figure.mean)} ± ${points(figure.spread)}`;
    return figure.mean === best ? `**${text}**` : text;
  });
  const sides = `${advice.data.sides.train} / ${runs[0].images}`;
  const choice = `${strategy}${freeze === null ? '' : ` from ${freeze}`} (then ${runnerUp}; ${confidence.value.toFixed(2)})`;
  const verdict = `${points(behind)}${isGood ? '' : ' (too far)'}`;
  return line([set.name, set.like, sides, ...cells, choice, verdict, evidenceOf(advice)]);
}

function evidenceOf({ size, similarity }) {
  const perClass = `${size.verdict}: ${Math.round(size.perClass.mean)} a class`;
  if (similarity.state !== 'measured') return `${perClass}; ${similarity.reason}`;
  const depths = similarity.depths.map(
    ({ name, probe, logme }) => `${name} ${points(probe)} (${logme.toFixed(2)})`,
  );
  return `${perClass}; ${similarity.verdict}, skill ${similarity.skill.toFixed(2)}: ${depths.join(', ')}`;
}
