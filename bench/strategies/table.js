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
  const good = (choice) => judged.filter((row) => row[choice].isGood).length;
  return [
    line([
      'data',
      'made to be',
      'train / test',
      ...STRATEGIES,
      'advised',
      'behind the best',
      'with a race',
      'behind the best',
      'evidence',
    ]),
    line(Array(12).fill('---')),
    ...judged.map(rowOf),
    '',
    `Test accuracy in per cent, mean and standard deviation over ${options.seeds} seeds; the best in bold.`,
    `The advisor's choice is the best or within ${100 * WITHIN} points of it in ${good('advised')} of ${judged.length}, and after a race in ${good('raced')}.`,
    `Weights: ${options.weights}; passes ${options.passes}, scale ${options.scale}, large from ${options['large-per-class']} a class.`,
    `The runs took ${minutes(rows)} minutes.`,
    '',
  ].join('\n');
}

const minutes = (rows) =>
  (rows.flatMap(({ runs }) => runs).reduce((sum, { seconds }) => sum + seconds, 0) / 60).toFixed(1);

const line = (cells) => `| ${cells.join(' | ')} |`;

function judge({ set, advice, runs, raced }) {
  const figures = STRATEGIES.map((strategy) => {
    const values = runs.filter((run) => run.strategy === strategy).map(({ accuracy }) => accuracy);
    return { strategy, mean: mean(values), spread: spread(values) };
  });
  const best = Math.max(...figures.map((figure) => figure.mean));
  const choice = ({ strategy }) => {
    const behind = best - figures.find((figure) => figure.strategy === strategy).mean;
    return { behind, isGood: behind <= WITHIN };
  };
  const [advised, after] = [advice.advice, raced].map(choice);
  return { set, advice, runs, figures, best, advised, raced: { ...raced, ...after } };
}

function rowOf({ set, advice, runs, figures, best, advised, raced }) {
  const { strategy, runnerUp, freeze, confidence } = advice.advice;
  const cells = figures.map((figure) => {
    const text = `${points(figure.mean)} ± ${points(figure.spread)}`;
    return figure.mean === best ? `**${text}**` : text;
  });
  const sides = `${advice.data.sides.train} / ${runs[0].images}`;
  const choice = `${strategy}${freeze === null ? '' : ` from ${freeze}`} (then ${runnerUp}; ${confidence.value.toFixed(2)})`;
  const verdict = ({ behind, isGood }) => `${points(behind)}${isGood ? '' : ' (too far)'}`;
  const choices = [choice, verdict(advised), raced.strategy, verdict(raced)];
  return line([set.name, set.like, sides, ...cells, ...choices, evidenceOf(advice)]);
}

function evidenceOf({ size, similarity }) {
  const perClass = `${size.verdict}: ${Math.round(size.perClass.mean)} a class`;
  if (similarity.state !== 'measured') return `${perClass}; ${similarity.reason}`;
  const depths = similarity.depths.map(
    ({ name, probe, random }) => `${name} ${points(probe)} / ${points(random)}`,
  );
  const { verdict, skill, gain } = similarity;
  return `${perClass}; ${verdict}, skill ${skill.toFixed(2)}, gain ${gain.toFixed(2)}: ${depths.join(', ')}`;
}
