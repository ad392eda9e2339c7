import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { z } from 'zod';

const resultSchema = z.object({
  violations: z.array(
    z.object({
      id: z.string(),
      nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
    }),
  ),
});

/** What axe finds against WCAG 2.2 AA and its own best practices, one line each. */
export async function violationsOn(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found: unknown = await page.evaluate(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  );
  return resultSchema
    .parse(found)
    .violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
    );
}

/** How far the page is wider than its window, in pixels. */
export const overflowOf = async (page: Page): Promise<number> =>
  z.number().parse(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'));

const desktop = { width: 1280, height: 860 };
export const phone = { width: 390, height: 844 };

/** What is wrong with a page in either of its colours, and how much too wide it is for a phone. */
export async function faultsOn(page: Page): Promise<string[]> {
  const faults: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    faults.push(...(await violationsOn(page)));
  }
  await page.setViewportSize(phone);
  const overflow = await overflowOf(page);
  await page.setViewportSize(desktop);
  return overflow > 0 ? [...faults, `${overflow} px too wide for a phone`] : faults;
}
