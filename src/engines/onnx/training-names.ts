/** Names of the inputs and outputs of the two graphs of a training program. */
export const ROWS = 'rows';
export const TARGETS = 'targets';
export const ROW_WEIGHTS = 'row_weights';
export const LOSS = 'loss';
export const LOGITS = 'logits';

export const maskName = (layer: string) => `${layer}.mask`;
export const gradientName = (parameter: string) => `${parameter}.grad`;
export const scalarName = (group: number, scalar: string) => `group${group}.${scalar}`;
/** The output name of an input that a graph replaces. */
export const newName = (name: string) => `${name}.new`;
