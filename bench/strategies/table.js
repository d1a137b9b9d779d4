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
      'without a race',
      'behind the best',
      'evidence',
    ]),
    line(Array(12).fill('---')),
    ...judged.map(rowOf),
    '',
    `Test accuracy in per cent, mean and standard deviation over ${options.seeds} seeds; the best in bold.`,
    `The advisor's choice is the best or within ${100 * WITHIN} points of it in ${good('chosen')} of ${judged.length}; by size and similarity alone, without a race, it would be in ${good('measured')}.`,
    `Weights: ${options.weights}; scale ${options.scale}, large from ${options['large-per-class']} a class.`,
    `The runs took ${minutes(rows)} minutes.`,
    '',
  ].join('\n');
}

const minutes = (rows) =>
  (rows.flatMap(({ runs }) => runs).reduce((sum, { seconds }) => sum + seconds, 0) / 60).toFixed(1);

const line = (cells) => `| ${cells.join(' | ')} |`;

function judge({ set, advice, runs, chosen }) {
  const figures = STRATEGIES.map((strategy) => {
    const values = runs.filter((run) => run.strategy === strategy).map(({ accuracy }) => accuracy);
    return { strategy, mean: mean(values), spread: spread(values) };
  });
  const best = Math.max(...figures.map((figure) => figure.mean));
  const judged = ({ strategy, runnerUp, freeze, confidence }) => {
    const behind = best - figures.find((figure) => figure.strategy === strategy).mean;
    const from = freeze === null ? '' : ` from ${freeze}`;
    const text = `${strategy}${from} (then ${runnerUp}; ${confidence.value.toFixed(2)})`;
    return { text, behind, isGood: behind <= WITHIN };
  };
  const [measured, after] = [advice.advice, chosen.advice].map(judged);
  return { set, advice, runs, figures, best, measured, chosen: { ...after, race: chosen.race } };
}

function rowOf({ set, advice, runs, figures, best, measured, chosen }) {
  const cells = figures.map((figure) => {
    const text = `${points(figure.mean)} ± ${points(figure.spread)}`;
    return figure.mean === best ? `**${text}**` : text;
  });
  const sides = `${advice.data.sides.train} / ${runs[0].images}`;
  const verdict = ({ behind, isGood }) => `${points(behind)}${isGood ? '' : ' (too far)'}`;
  const choices = [chosen, measured].flatMap((choice) => [choice.text, verdict(choice)]);
  const evidence = `${evidenceOf(advice)}${raceOf(chosen.race)}`;
  return line([set.name, set.like, sides, ...cells, ...choices, evidence]);
}

/** Validation accuracies, the best first. */
function raceOf(results) {
  if (results === undefined) return '';
  const told = results
    .filter((result) => 'metrics' in result)
    .map(({ strategy, metrics }) => `${strategy} ${points(metrics.accuracy)}`);
  return `; race on ${results[0].images}: ${told.join(', ')}`;
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
