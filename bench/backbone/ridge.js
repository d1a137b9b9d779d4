// A linear classifier in closed form: ridge regression to one-hot labels, with the penalty that names
// most training pictures right when each is left out in turn.
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** As shares of the mean squared length of a row. */
const PENALTIES = Array.from({ length: 13 }, (_, step) => 10 ** (-4 + step / 2));

/**
 * @param {Float32Array[]} train   a row a picture
 * @param {number[]} labels        of the rows
 * @param {Float32Array[]} test
 * @param {{ classes: number, scale?: boolean }} options   scale: each feature to deviation 1
 * @returns {number[]} the class named for each row of `test`
 */
export function classify(train, labels, test, { classes, scale = true }) {
  const normal = normaliser(train, scale);
  const [known, asked] = [new Matrix(train.map(normal)), new Matrix(test.map(normal))];
  const counts = Array.from({ length: classes }, (_, c) => labels.filter((l) => l === c).length);
  const priors = counts.map((count) => count / labels.length);
  const targets = Matrix.zeros(labels.length, classes);
  for (const [row, label] of labels.entries()) {
    for (let c = 0; c < classes; c++) targets.set(row, c, Number(c === label) - priors[c]);
  }
  const gram = known.mmul(known.transpose());
  const { realEigenvalues: values, eigenvectorMatrix: vectors } = new EigenvalueDecomposition(
    gram,
    { assumeSymmetric: true },
  );
  const projected = vectors.transpose().mmul(targets);
  const unit = gram.trace() / labels.length;
  const solve = (penalty) => {
    const inverse = values.map((value) => 1 / (Math.max(value, 0) + penalty * unit));
    return vectors.mmul(projected.clone().mulColumnVector(inverse));
  };
  const leverage = (penalty) => inverseDiagonal(vectors, values, penalty * unit);
  const best = PENALTIES.map((penalty) => {
    const dual = solve(penalty);
    const own = leverage(penalty);
    // The residual of a row that is left out: dual / diagonal of the inverse.
    const hits = labels.filter((label, row) => {
      const scores = dual.getRow(row).map((value, c) => targets.get(row, c) - value / own[row]);
      return argmax(scores) === label;
    });
    return { dual, hits: hits.length };
  }).reduce((most, next) => (next.hits >= most.hits ? next : most));
  const scores = asked.mmul(known.transpose()).mmul(best.dual);
  return test.map((_, row) => argmax(scores.getRow(row).map((value, c) => value + priors[c])));
}

/**
 * Of the inverse of the Gram matrix with its penalty, without the constant direction: means were taken
 * off, so that its eigenvalue is 0, and the mean is not penalised.
 */
function inverseDiagonal(vectors, values, penalty) {
  const constant = 1 / (vectors.rows * penalty);
  return Array.from({ length: vectors.rows }, (_, row) => {
    const entries = vectors.getRow(row);
    const all = entries.reduce(
      (sum, entry, i) => sum + entry ** 2 / (Math.max(values[i], 0) + penalty),
      0,
    );
    return Math.max(all - constant, 1e-9 * constant);
  });
}

const argmax = (values) => values.indexOf(Math.max(...values));

/** Takes off the mean of the training rows; where wanted, divides by their deviation. */
function normaliser(rows, scale) {
  const width = rows[0].length;
  const means = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const row of rows) for (let at = 0; at < width; at++) means[at] += row[at] / rows.length;
  for (const row of rows) {
    for (let at = 0; at < width; at++) squares[at] += (row[at] - means[at]) ** 2 / rows.length;
  }
  const largest = Math.sqrt(Math.max(...squares));
  const factors = squares.map((square) => {
    if (!scale) return 1;
    const deviation = Math.sqrt(square);
    return deviation > 1e-6 * largest ? 1 / deviation : 0;
  });
  return (row) => Array.from(row, (value, at) => (value - means[at]) * factors[at]);
}
