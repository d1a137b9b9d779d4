import { shellWord } from '../../base/shell-word.ts';
import { html, type Markup } from '../markup.ts';
import { type RunView, section } from '../view.ts';

/** The evidence for the strategy. */
export function evidence(view: RunView): Markup | undefined {
  const { plan } = view.run;
  if (plan === undefined) return undefined;
  const { frozen, trained } = plan;
  return section(view, {
    name: 'evidence',
    title: `Why strategy ${plan.strategy}`,
    body: html`<ul>${plan.evidence.map((each) => html`<li>${each}</li>`)}</ul>
<details><summary>Layers</summary>
<p>trained: ${trained.join(', ') || 'none'}</p><p>frozen: ${frozen.join(', ') || 'none'}</p></details>`,
  });
}

/** The command and the settings that repeat the run. */
export function repeat(view: RunView): Markup | undefined {
  const { config, folder } = view.run;
  if (config === undefined) return undefined;
  const command = `vggtune train -c ${shellWord(`${folder}/config.yaml`)} --out ${shellWord(`${folder}-2`)}`;
  return section(view, {
    name: 'repeat',
    title: 'Repeat it',
    body: html`<pre tabindex="0"><code>${command}</code></pre>
<details><summary>All settings (config.yaml)</summary><pre tabindex="0"><code>${config.text}</code></pre></details>`,
  });
}
