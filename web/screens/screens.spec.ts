/** What README shows, once the demo has played for a while. */

import { join } from 'node:path'

import type { Page } from '@playwright/test'

import type { Cdr, Monitor } from '../src/api/types'
import { expect, test } from '../e2e/test'
import { wav } from '../e2e/wav'

interface List<T> {
  data: T[]
  total: number
}

const DOCS = join(import.meta.dirname, '..', '..', 'docs', 'screens')
/** Calls of the demo until each of its scenes was played. */
const CALLS = 20

async function picture(page: Page, name: string, height = 800): Promise<void> {
  await page.setViewportSize({ width: 1280, height })
  await page.emulateMedia({ reducedMotion: 'reduce' })
  // No row is under the pointer.
  await page.mouse.move(0, 0)
  await page.screenshot({ path: join(DOCS, `${name}.png`) })
}

test('the pictures of README', async ({ page, rest, server, t }) => {
  await expect
    .poll(async () => (await rest<List<Cdr>>('GET', '/cdrs?limit=1')).total, { timeout: 120_000 })
    .toBeGreaterThan(CALLS)
  const { data: recordings } = await rest<List<Monitor>>('GET', '/monitors')
  const [recording] = recordings
  expect(recording).toBeDefined()

  await page.goto(`/calls/${recording?.live_id}`)
  await expect(page.getByText('POST call.connected').first()).toBeVisible()
  await picture(page, 'flow', 1_000)

  await page.goto('/webhooks')
  await expect(page.getByRole('link', { name: 'demo receiver', exact: true })).toBeVisible()
  await expect(page.locator('svg rect').first()).toBeVisible()
  await picture(page, 'webhooks')

  await page.goto('/history')
  await expect(page.locator('tr[data-call]').nth(5)).toBeVisible()
  await picture(page, 'history')

  await page.goto(`/recordings?open=${recording?.id}`)
  const player = page.locator(`#recording-${recording?.id}`)
  await expect(player.locator('canvas').first()).toBeVisible()
  await player.getByRole('button', { name: t('player.play') }).click()
  await expect(player.getByRole('slider')).toHaveAttribute('aria-valuenow', '2')
  await player.getByRole('button', { name: t('player.pause') }).click()
  await picture(page, 'recordings', 640)

  for (const [name, seconds] of [
    ['Blue Danube', 8],
    ['You have reached our office', 4],
  ] as const) {
    const answer = await fetch(`${server.url}/v1.1/sounds?name=${encodeURIComponent(name)}`, {
      method: 'POST',
      headers: { 'X-Auth-Token': server.token, 'Content-Type': 'audio/wav' },
      body: new Uint8Array(wav(seconds)),
    })
    expect(answer.status).toBe(201)
  }
  await rest('PATCH', '/settings', { music: 1, greeting: 2 })
  await page.goto('/sounds?open=1')
  await expect(page.locator('#sound-1').getByRole('slider')).toBeVisible()
  await picture(page, 'sounds', 640)
})
