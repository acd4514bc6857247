/** Recordings of calls that the demo's phones made: listened to, found at their call, deleted. */

import type { Locator } from '@playwright/test'

import type { Cdr, Monitor, User } from '../src/api/types'
import { expect, test } from './test'

interface List<T> {
  data: T[]
}

type Rest = <T>(method: string, path: string, body?: unknown) => Promise<T>

/** Who answers over and over in the demo: of each language another, so that none deletes what the other listens to. */
const WHO = { en: '1002', es: '1007' }

/** The demo comes round to a call within some 25 seconds, and a busy machine takes longer. */
const ROUND = 60_000

/** Has the calls of somebody recorded, and waits for the recording of the next one. */
async function recorded(rest: Rest, ext: string): Promise<Monitor> {
  const { data: users } = await rest<List<User>>('GET', '/users?limit=100')
  const user = users.find((one) => one.ext === ext)
  if (user === undefined) throw new Error(`the demo has no ${ext}`)
  await rest('PATCH', `/users/${user.id}`, { record: 'all' })
  const list = async () => {
    const filter = JSON.stringify([{ property: 'user_id', operator: 'eq', value: user.id }])
    const query = new URLSearchParams({ filter, sort: '-timestamp' })
    return (await rest<List<Monitor>>('GET', `/monitors?${String(query)}`)).data
  }
  const before = new Set((await list()).map(({ id }) => id))
  let found: Monitor | undefined
  await expect
    .poll(async () => (found = (await list()).find(({ id }) => !before.has(id))), { timeout: ROUND })
    .toBeDefined()
  if (found === undefined) throw new Error('nothing was recorded')
  return found
}

/** The phones of the demo whistle, all as loud: each channel is drawn as high as its lane allows. */
async function drawn(player: Locator, channels: number): Promise<void> {
  const high = () =>
    player.locator('canvas').evaluateAll(
      (canvases) =>
        (canvases as HTMLCanvasElement[]).filter((canvas) => {
          const { width, height } = canvas
          const pixels = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? []
          const rows = new Set<number>()
          for (let n = 3; n < pixels.length; n += 4) if (pixels[n] !== 0) rows.add(Math.floor(n / 4 / width))
          return rows.size > height / 2
        }).length,
    )
  // Of each channel there are two: what was played, and what is to come.
  await expect.poll(async () => (await high()) / 2).toBe(channels)
}

test('lists the recording of a call, plays it and deletes it', async ({ page, rest, t, look, language }) => {
  test.setTimeout(ROUND * 2)
  const recording = await recorded(rest, WHO[language])
  const { id, live_id: call } = recording
  expect(recording).toMatchObject({ called: WHO[language], channels: 2, cut: false })

  await page.goto('/recordings')
  const row = page.locator(`tr[data-recording="${id}"]`)
  await expect(row).toContainText(recording.caller)
  await expect(row).toContainText(WHO[language])
  await row.getByRole('button').click()
  await expect(page).toHaveURL(new RegExp(`open=${id}(&|$)`))
  const player = page.locator(`#recording-${id}`).getByRole('group')
  await drawn(player, 2)
  await look('recordings')

  const sound = page.waitForResponse((response) => response.url().endsWith(`/monitors/${id}.mp3`))
  await player.getByRole('button', { name: t('player.play') }).click()
  expect((await sound).headers()['content-type']).toBe('audio/mpeg')
  const slider = player.getByRole('slider')
  await expect(slider).not.toHaveAttribute('aria-valuenow', '0')
  // It was played to its end, which is where the list says that it is.
  await expect(player.getByRole('button', { name: t('player.play') })).toBeVisible()
  const end = await player.locator('audio').evaluate((audio: HTMLAudioElement) => audio.currentTime)
  expect(Math.abs(end - recording.duration)).toBeLessThan(1.5)
  await slider.press('Home')
  await expect(slider).toHaveAttribute('aria-valuenow', '0')

  for (const kind of ['mp3', 'wav']) {
    const saved = page.waitForEvent('download')
    await player.locator(`a[href$=".${kind}"]`).click()
    expect((await saved).suggestedFilename()).toBe(`recording-${id}.${kind}`)
    expect(await (await saved).failure()).toBeNull()
  }

  await row.getByRole('link', { name: String(call) }).click()
  await expect(page).toHaveURL(new RegExp(`/calls/${call}\\?tab=recording$`))
  const panel = page.getByRole('tabpanel', { name: t('flow.call_recording') })
  await drawn(panel, 2)
  await look('call-recording')

  await page.goBack()
  await player.getByRole('button', { name: t('common.delete') }).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: t('common.delete') })
    .click()
  await expect(page.getByText(t('recordings.deleted'))).toBeVisible()
  await expect(row).toHaveCount(0)
  await expect(rest('GET', `/monitors/${id}`)).rejects.toThrow(/404/)
  await page.goto(`/calls/${call}?tab=recording`)
  await expect(page.getByText(t('recordings.call_none'))).toBeVisible()
})

test('tells how well the sound of a call arrived', async ({ page, rest, t, look }) => {
  test.setTimeout(ROUND * 2)
  let cdr: Cdr | undefined
  await expect
    .poll(
      async () => {
        const { data } = await rest<List<Cdr>>('GET', '/cdrs?limit=100')
        cdr = data.find(({ quality }) => (quality?.src ?? null) !== null && (quality?.dst ?? null) !== null)
        return cdr
      },
      { timeout: ROUND },
    )
    .toBeDefined()
  await page.goto(`/calls/${cdr?.live_id}`)
  await page.getByRole('tab', { name: t('flow.call_quality') }).click()
  await expect(page).toHaveURL(/tab=quality/)
  for (const [name, direction] of [
    ['quality.from_caller', cdr?.quality?.src],
    ['quality.from_called', cdr?.quality?.dst],
  ] as const) {
    const side = page.getByRole('region', { name: t(name) })
    // Nothing gets lost on the loopback.
    await expect(side).toContainText(t('quality.good'))
    await expect(side).toContainText(String(direction?.packets))
  }
  await look('call-quality')
})
