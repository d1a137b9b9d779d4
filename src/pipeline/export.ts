/** The use case of `vggtune export`; `train` writes the formats of its config by the same. */
export { type ExportedFolder, exportRun } from './export/export-run.ts';
