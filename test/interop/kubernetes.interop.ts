import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

// kubernetes-models of npm has the published schemas of Kubernetes. KUBERNETES_MODELS names a folder in which it is installed:
//   npm install --prefix FOLDER kubernetes-models
const folder = process.env.KUBERNETES_MODELS;

interface Job {
  validate(): void;
}

describe.skipIf(folder === undefined)('docs/examples/kubernetes.yaml', () => {
  const text = () => readFile('docs/examples/kubernetes.yaml', 'utf8');

  async function jobOf(content: string): Promise<Job> {
    const load = createRequire(join(resolve(folder ?? ''), 'package.json'));
    const models = load('kubernetes-models/batch/v1') as { Job: new (data: unknown) => Job };
    return new models.Job(parse(content));
  }

  it('is as the published schema of a Job wants it', async () => {
    const job = await jobOf(await text());
    expect(() => job.validate()).not.toThrow();
  });

  it('would not be with a wrong word', async () => {
    const wrong = (await text()).replace('completions: 4', 'completions: four');
    const job = await jobOf(wrong);
    expect(() => job.validate()).toThrow('integer');
  });
});
