// Shows the images behind a number of a confusion matrix. All texts are set as texts: names of files may hold anything.
const runs = JSON.parse(document.getElementById('cells').textContent);
const dialog = document.getElementById('cell');

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className !== undefined) made.className = className;
  return made;
}

function thumbnailIn(run, path) {
  const all = document.querySelectorAll(`#${run} img[data-image]`);
  return [...all].find((image) => image.dataset.image === path);
}

function picture(run, { path, webp, reason }) {
  const inPage = webp === undefined ? thumbnailIn(run, path) : undefined;
  if (webp === undefined && inPage === undefined) {
    return element('span', reason ?? 'left out for space or time', 'absent');
  }
  const image = element('img');
  image.alt = '';
  image.src = inPage?.src ?? `data:image/webp;base64,${webp}`;
  return image;
}

function card(run, image) {
  const item = element('li');
  const pictures = element('div', undefined, 'pictures');
  pictures.append(picture(run, image));
  const path = element('p', undefined, 'path');
  path.append(element('bdi', image.path));
  const sure = image.probability === null ? '-' : `${(100 * image.probability).toFixed(1)} %`;
  const loss = image.loss === null ? '-' : image.loss.toFixed(3);
  item.append(pictures, path, element('p', `confidence ${sure}, loss ${loss}`));
  return item;
}

function open(run, at) {
  const { is, taken, count, images } = runs[run][at];
  const title = is === taken ? `${is}, named right` : `${is}, taken for ${taken}`;
  dialog.querySelector('h2').textContent = `${title}: ${count}`;
  dialog.querySelector('ul').replaceChildren(...images.map((image) => card(run, image)));
  const left = count - images.length;
  dialog.querySelector('.rest').textContent =
    left > 0 ? `${left} more are not shown; predictions.csv lists all.` : '';
  dialog.showModal();
}

document.addEventListener('click', ({ target }) => {
  const button = target.closest('button[data-cell]');
  if (button !== null) {
    const [run, at] = button.dataset.cell.split(' ');
    open(run, Number(at));
  } else if (target === dialog) dialog.close();
});

// What is folded on the screen belongs on paper.
let folded = [];
addEventListener('beforeprint', () => {
  folded = [...document.querySelectorAll('details:not([open])')];
  for (const each of folded) each.open = true;
});
addEventListener('afterprint', () => {
  for (const each of folded) each.open = false;
});
