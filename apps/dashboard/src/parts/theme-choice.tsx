import { useState } from 'preact/hooks';
import { applyTheme, chosenTheme, type Theme } from '../theme.js';

const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const words: Record<Theme, string> = { system: 'As the system', light: 'Light', dark: 'Dark' };

export function ThemeChoice() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <button
      type="button"
      class="plain"
      aria-label={`Colours: ${words[theme]}. Press for ${words[next[theme]]}.`}
      onClick={() => {
        applyTheme(next[theme]);
        setTheme(next[theme]);
      }}
    >
      {theme === 'system' ? 'Auto' : words[theme]}
    </button>
  );
}
