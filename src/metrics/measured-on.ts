/** On which images figures were measured, as a part of a sentence. */
export const MEASURED_ON = {
  train: 'of the training subset',
  val: 'of the validation subset',
  test: 'of the test subset',
  'cross-validation': 'by cross-validation: each by a fit without it',
} as const;
