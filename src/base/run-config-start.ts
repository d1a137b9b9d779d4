/** What the `config.yaml` of a run begins with: by it a folder is known as a run's. */
export const RUN_CONFIG_START = '# Every setting of this run';
