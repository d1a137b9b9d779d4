#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';

const [major, minor] = process.versions.node.split('.').map(Number);
const old = major < 20 || (major === 20 && minor < 19);
const entry = new URL('../dist/cli/main.js', import.meta.url);
const needs = old ? `Node.js 20.19 or later, not ${process.version}` : 'to be built: run `npm ci`';
if (old || !existsSync(entry)) {
  console.error(`error: vggtune needs ${needs}`);
  process.exit(5);
}
module.enableCompileCache?.();
const { start } = await import(entry.href).catch((error) => {
  if (error.syscall === undefined) throw error;
  console.error(`error: vggtune cannot be loaded: ${error.message}`);
  process.exit(5);
});
await start();
