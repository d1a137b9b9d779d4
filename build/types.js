// Writes the type declarations of the library: of its entry, and of what they name. The rest of the package is not
// for import, and needs none.
import { writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../', import.meta.url));
const config = ts.getParsedCommandLineOfConfigFile(
  join(root, 'tsconfig.build.json'),
  { declaration: true, emitDeclarationOnly: true, sourceMap: false },
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail },
);
const entry = join(root, 'src/library/index.ts');
const program = ts.createProgram([entry], config.options);

const done = new Set();
const waiting = [entry];
for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
  if (done.has(file)) continue;
  done.add(file);
  waiting.push(...declare(file));
}
console.log(`${done.size} files of type declarations`);

/** Writes the declarations of a file; returns the files that they name. */
function declare(file) {
  const source = program.getSourceFile(file);
  const problems = program.getDeclarationDiagnostics(source);
  if (problems.length > 0) fail(problems[0]);
  const named = [];
  program.emit(source, (name, text) => {
    // Unlike code, declarations are left with the endings of the sources by the compiler.
    const ended = text.replace(/(['"])(\.{1,2}\/[^'"]+)\.ts\1/g, (_, quote, path) => {
      named.push(join(dirname(file), `${path}.ts`));
      return `${quote}${path}.js${quote}`;
    });
    writeFileSync(name, ended);
  });
  return named;
}

function fail(problem) {
  const where = problem.file === undefined ? '' : `${relative(root, problem.file.fileName)}: `;
  throw new Error(where + ts.flattenDiagnosticMessageText(problem.messageText, '\n'));
}
