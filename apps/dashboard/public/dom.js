/** Builds one element. Text is always text: nothing from the network is ever read as markup. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(name, String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

const shown = new WeakMap();

/** Replaces what stands in `place`, but only when the data differ: a selection or a focus survives a refresh. */
export function show(place, data, build) {
  const text = JSON.stringify(data);
  if (shown.get(place) === text) return;
  shown.set(place, text);
  place.replaceChildren(...[build(data)].flat());
}

/**
 * A table that becomes a list of cards on a phone.
 * @param columns { label, className?, cell: (row) => content } — the first names the row
 */
export function table(columns, rows, empty) {
  if (rows.length === 0) return element('p', { class: 'empty' }, empty);
  const head = columns.map(({ label, className }) =>
    element('th', { scope: 'col', class: className }, label),
  );
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      columns.map(({ label, className = '', cell }, index) => {
        const content = cell(row);
        const blank = content === null || content === '';
        const classes = `${className} ${index === 0 ? 'lead' : ''} ${blank ? 'blank' : ''}`.trim();
        return element('td', { class: classes || null, 'data-label': label }, content);
      }),
    ),
  );
  return element(
    'div',
    { class: 'table' },
    element('table', {}, element('thead', {}, element('tr', {}, head)), element('tbody', {}, body)),
  );
}
