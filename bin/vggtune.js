#!/usr/bin/env node
// This file alone is read by versions of Node.js that are too old for the others (from 12.20 on): it must be written as they
// understand it, or they would say nothing but that there is a syntax error.
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
if (module.enableCompileCache) module.enableCompileCache();
// `start` ends the process with the code of the command; an end without it is a bug.
process.exitCode = 1;
import(entry.href)
  .catch((error) => {
    if (error.syscall === undefined) throw error;
    console.error(`error: vggtune cannot be loaded: ${error.message}`);
    process.exit(5);
  })
  .then(({ start }) => start());
