/** The use case of `vggtune export`; `train` uses it for the formats of its config. */
export { type ExportedFolder, exportRun } from './export/export-run.ts';
