import { expect } from '@jest/globals';
import type { DistributorClient } from '../../support/distributor-client.js';
import { faultsOn, violationsOn } from './accessibility.js';
import type { Visitor } from './visitor.js';

interface Stack {
  client: DistributorClient;
  services: (command: 'stop' | 'start', name: string) => Promise<unknown>;
}

/** A service goes down and comes back; one looks on, the other silences its alert meanwhile. */
export async function watchOutage(
  [visitor, silencer]: readonly [Visitor, Visitor],
  { client, services }: Stack,
): Promise<void> {
  const service = visitor.page.locator('[data-service="autogen_agent"]').first();
  await services('stop', 'autogen_agent');
  await visitor.page.locator('[data-service="autogen_agent"][data-state="down"]').first().waitFor();
  await visitor.page
    .getByText(/services were up for too little of it/)
    .first()
    .waitFor();
  await silencer.see('alerts');
  await silenceServiceDown(silencer, client);
  await services('start', 'autogen_agent');
  await visitor.page.locator('[data-service="autogen_agent"][data-state="up"]').first().waitFor();
  expect(await service.textContent()).toContain('autogen_agent');
  expect([...visitor.complaints, ...silencer.complaints]).toEqual([]);
  await Promise.all([visitor.close(), silencer.close()]);
}

/** One that is ended by hand, then one that runs out by itself; the alert stands all the while. */
async function silenceServiceDown({ page: seen }: Visitor, client: DistributorClient): Promise<void> {
  const alert = seen.getByRole('region', { name: 'Alerts' }).getByRole('row', { name: /Service down/ });
  const silence = seen
    .getByRole('region', { name: 'Silences' })
    .getByRole('row', { name: /Service down.*New machine/ });
  const open = async (hours: string) => {
    await alert.getByRole('button', { name: 'Silence' }).click();
    await seen.getByLabel('For how many hours').fill(hours);
    await seen.getByLabel('Why').fill('New machine');
    await seen.getByRole('button', { name: 'Silence', exact: true }).click();
    await seen.getByRole('dialog').waitFor({ state: 'detached' });
    await silence.waitFor();
  };
  // With their number in the row of views.
  await seen.getByRole('link', { name: /^Alerts \d+ open$/ }).waitFor();
  expect(await faultsOn(seen)).toEqual([]);
  await open('4');
  expect(await violationsOn(seen)).toEqual([]);
  expect(await client.request('/alerts/silences?state=active')).toMatchObject({
    items: [{ kind: 'service_down', reason: 'New machine', created_by: 'admin' }],
  });
  await silence.getByRole('button', { name: 'End now' }).click();
  await silence.waitFor({ state: 'detached' });
  // Eleven seconds: long enough to be seen on a slow machine.
  await open('0.003');
  await silence.waitFor({ state: 'detached' });
  expect(await client.request('/alerts/silences?state=active')).toMatchObject({ items: [] });
  await alert.waitFor();
}
