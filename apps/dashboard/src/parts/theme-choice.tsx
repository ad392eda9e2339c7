import { useState } from 'preact/hooks';
import { applyTheme, chosenTheme, type Theme } from '../theme.js';

const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const words: Record<Theme, string> = { system: 'auto', light: 'light', dark: 'dark' };

export function ThemeChoice() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <button
      type="button"
      class="plain"
      title={`Press for ${words[next[theme]]}`}
      onClick={() => {
        applyTheme(next[theme]);
        setTheme(next[theme]);
      }}
    >
      Colours: {words[theme]}
    </button>
  );
}
