import { printablePath } from '../dataset/file-names.ts';
import { logLosses } from '../metrics/accuracy.ts';
import type { Scored } from '../metrics/scores.ts';
import { GUESSES } from '../run/predictions-csv.ts';
import type { ImagePrediction } from '../run/record.ts';

/**
 * What was said of each image: the rows of predictions.csv, in the order of the scores. The first guess is the one
 * that accuracy and confusion count, and the mean of the losses is the loss of metrics.json.
 * @param scored with probabilities that sum to 1 in each row
 */
export function imagePredictions(
  scored: Scored & {
    readonly images: readonly { readonly path: string; readonly label: number }[];
  },
  classes: readonly string[],
): readonly ImagePrediction[] {
  const losses = logLosses(scored);
  return scored.images.map(({ path, label }, row) => {
    const loss = losses[row] ?? Number.NaN;
    return {
      path: printablePath(path),
      label: classes[label] ?? '',
      guesses: bestGuesses(scored, row, classes),
      loss: Number.isFinite(loss) ? loss : null,
    };
  });
}

/** The highest scores of a row; of equal ones the class with the lower index comes first, as in `predictedClass`. */
function bestGuesses(
  { scores, classes }: Scored,
  row: number,
  names: readonly string[],
): ImagePrediction['guesses'] {
  return [...scores.subarray(row * classes, (row + 1) * classes)]
    .map((probability, at) => ({ label: names[at] ?? '', probability }))
    .filter(({ probability }) => !Number.isNaN(probability))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, GUESSES);
}

/** The images that the network was most wrong about: those with the highest loss first. */
export function worstFirst(predictions: readonly ImagePrediction[]): ImagePrediction[] {
  const lossOf = ({ loss }: ImagePrediction) => loss ?? Number.POSITIVE_INFINITY;
  return [...predictions].sort((a, b) => {
    const [first, second] = [lossOf(a), lossOf(b)];
    return first === second ? 0 : second - first;
  });
}
