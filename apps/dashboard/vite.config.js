import { defineConfig } from 'vite';

/** The page that the distributor serves at `/`. tools/build.js runs this when a source of it has changed. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  // Rooms of the page are entered by relative paths only.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    cssTarget: 'chrome123',
    emptyOutDir: true,
    // The content security policy allows neither data: nor inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
