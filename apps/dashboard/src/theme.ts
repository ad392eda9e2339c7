/** `system` follows the machine. Kept on this device only. */
export type Theme = 'system' | 'light' | 'dark';

const key = 'theme';
const isTheme = (value: string | null): value is Theme =>
  value === 'system' || value === 'light' || value === 'dark';

export function chosenTheme(): Theme {
  const kept = localStorage.getItem(key);
  return isTheme(kept) ? kept : 'system';
}

export function applyTheme(theme: Theme = chosenTheme()): void {
  localStorage.setItem(key, theme);
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  // Canvas charts read their colours once; they draw again when told so.
  window.dispatchEvent(new Event('theme'));
}
