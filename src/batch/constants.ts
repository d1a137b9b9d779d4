/** The files in which a batch leaves its results. */
export const RESULT_FILES = ['results.json', 'results.csv', 'junit.xml'] as const;

/** More runs are hardly ever meant. */
export const DEFAULT_MAX_RUNS = 1000;
