// Takes decisions about images and saves them as a CSV. All texts are set as texts: names of files may hold anything.
const { images, rows } = JSON.parse(document.getElementById('rows').textContent);
const cards = [...document.querySelectorAll('.suspect')];
const count = document.getElementById('count');
const decisions = new Map();
let isSaved = true;

function show(card) {
  const decided = decisions.get(card.dataset.path);
  card.classList.toggle('decided', decided !== undefined);
  for (const button of card.querySelectorAll('button[data-choice]')) {
    button.setAttribute('aria-pressed', String(button.dataset.choice === decided?.choice));
  }
  const all = decisions.size;
  count.textContent = all === 0 ? 'nothing decided yet' : `${all} of ${cards.length} decided`;
}

function decide(card, choice) {
  const field = card.querySelector('.new-label');
  if (choice === 'relabel' && field.value.trim() === '') {
    field.focus();
    return;
  }
  if (choice === undefined) decisions.delete(card.dataset.path);
  else decisions.set(card.dataset.path, { choice, newLabel: field.value.trim() });
  isSaved = false;
  show(card);
}

document.addEventListener('click', ({ target }) => {
  const button = target.closest('button[data-choice]');
  if (button === null) return;
  const card = button.closest('.suspect');
  const isOn = button.getAttribute('aria-pressed') === 'true';
  decide(card, isOn ? undefined : button.dataset.choice);
});

document.addEventListener('change', ({ target }) => {
  if (!target.matches('.new-label')) return;
  decide(target.closest('.suspect'), target.value.trim() === '' ? undefined : 'relabel');
});

const KEYS = { k: 'keep', r: 'relabel', d: 'drop', u: undefined };
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

document.addEventListener('keydown', (event) => {
  const { key, target } = event;
  const card = target.closest('.suspect');
  if (card === null || target.matches('input') || event.ctrlKey || event.metaKey || event.altKey)
    return;
  if (Object.hasOwn(STEPS, key)) {
    cards[cards.indexOf(card) + STEPS[key]]?.focus();
    event.preventDefault();
  } else if (Object.hasOwn(KEYS, key)) {
    decide(card, KEYS[key]);
    event.preventDefault();
    if (KEYS[key] !== undefined && decisions.has(card.dataset.path)) {
      cards[cards.indexOf(card) + 1]?.focus();
    }
  }
});

// As vggtune writes cells: a text that begins like a formula gets an apostrophe.
function cell(text) {
  const isFormula =
    /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) &&
    !(text.trim() !== '' && Number.isFinite(Number(text)));
  const safe = isFormula ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csv() {
  const lines = rows.map(([at, problem, likely, score, note]) => {
    const [path, label] = images[at];
    const { choice = '', newLabel = likely } = decisions.get(path) ?? {};
    return [path, label, problem, likely, String(score ?? ''), note, choice, newLabel];
  });
  const header = ['path', 'label', 'problem', 'likely', 'score', 'note', 'decision', 'new_label'];
  return `${[header, ...lines].map((line) => line.map(cell).join(',')).join('\n')}\n`;
}

document.getElementById('save').addEventListener('click', () => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([csv()], { type: 'text/csv' }));
  link.download = 'audit.csv';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  isSaved = true;
});

addEventListener('beforeunload', (event) => {
  if (!isSaved) event.preventDefault();
});
