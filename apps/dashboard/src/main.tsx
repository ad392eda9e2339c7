import '@fontsource-variable/inter/wght.css';
import './style/base.css';
import './style/layout.css';
import './style/parts.css';
import './style/views.css';
import { render } from 'preact';
import { App } from './app.js';
import { applyTheme } from './theme.js';

applyTheme();
const page = document.getElementById('page');
if (page !== null) render(<App />, page);
