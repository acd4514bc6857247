/** The message that a phone of the demo leaves: found, heard, taken along, and asked for twice before it is deleted. */

import type { User, VoiceMessage } from '../src/api/types'
import { expect, test } from './test'

/** Who lets callers of the demo leave a message. */
const WHO = '1008'
/** The demo's first message is there half a minute after its start, and a busy machine takes longer. */
const ROUND = 60_000

test('a message is listed as new, played, and then heard', async ({ page, rest, t, look }) => {
  test.setTimeout(ROUND * 2)
  const { data: users } = await rest<{ data: User[] }>('GET', '/users?limit=100')
  const user = users.find(({ ext }) => ext === WHO)
  expect(user).toMatchObject({ voicemail: true })
  let message: VoiceMessage | undefined
  await expect
    .poll(
      async () => {
        const { data } = await rest<{ data: VoiceMessage[] }>('GET', '/voicemessages')
        return (message = data.find((one) => one.user_id === user?.id))
      },
      { timeout: ROUND },
    )
    .toBeDefined()
  const id = message?.id ?? 0

  // The other language listens to the same message: whether it is new is told to each on its own.
  let heard = false
  await page.route('**/v1.1/voicemessages?**', async (route) => {
    const answer = await route.fetch()
    const body = (await answer.json()) as { data: VoiceMessage[] }
    const data = body.data.map((one) => (one.id === id ? { ...one, is_new: !heard } : one))
    await route.fulfill({ response: answer, json: { ...body, data } })
  })
  await page.route(`**/v1.1/voicemessages/${id}`, async (route) => {
    heard ||= route.request().method() === 'PATCH'
    await route.fallback()
  })
  await page.goto('/voicemail')
  const row = page.locator(`tr[data-message="${id}"]`)
  await expect(row).toContainText('1003')
  await expect(row).toContainText('Heidi')
  await expect(row).toContainText(t('voicemail.new'))
  await row.getByRole('button').click()
  await expect(page).toHaveURL(new RegExp(`open=${id}(&|$)`))
  const player = page.locator(`#message-${id}`).getByRole('group')
  // A press on it plays it.
  await expect(player.getByRole('slider')).not.toHaveAttribute('aria-valuenow', '0')
  await expect(row).toContainText(t('voicemail.heard'))
  await expect(player.getByRole('button', { name: t('player.play') })).toBeVisible()
  const end = await player.locator('audio').evaluate((audio: HTMLAudioElement) => audio.currentTime)
  expect(Math.abs(end - (message?.duration ?? 0))).toBeLessThan(1.5)
  await look('voicemail')

  const saved = page.waitForEvent('download')
  await player.getByRole('link', { name: t('voicemail.download') }).click()
  expect((await saved).suggestedFilename()).toBe(`message-${id}.mp3`)
  await player.getByRole('button', { name: t('common.delete') }).click()
  const dialog = page.getByRole('dialog', { name: t('voicemail.delete_title') })
  await expect(dialog).toContainText('1003')
  await dialog.getByRole('button', { name: t('common.cancel') }).click()
  await expect(dialog).toHaveCount(0)
  await expect(row).toBeVisible()
})

test('a message is deleted, and a refusal is told where it was asked for', async ({ page, t }) => {
  let refuses = true
  const message = {
    id: 4_242,
    user_id: 1,
    origtime: '2026-01-01 00:00:00',
    caller: '34600111222',
    dialled: WHO,
    duration: 4,
    folder: 'INBOX',
    is_new: false,
  }
  await page.route('**/v1.1/voicemessages?**', (route) =>
    route.fulfill({ json: refuses ? { data: [message], total: 1 } : { data: [], total: 0 } }),
  )
  await page.route('**/v1.1/voicemessages/4242', (route) =>
    refuses
      ? route.fulfill({ status: 503, json: { message: 'not now', code: 'unavailable', errors: [] } })
      : route.fulfill({ status: 204 }),
  )
  await page.goto('/voicemail?open=4242')
  await page
    .locator('#message-4242')
    .getByRole('button', { name: t('common.delete') })
    .click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: t('common.delete') }).click()
  await expect(dialog.getByRole('alert')).toHaveText(t('errors.unavailable'))
  refuses = false
  await dialog.getByRole('button', { name: t('common.delete') }).click()
  await expect(page.getByText(t('voicemail.deleted'))).toBeVisible()
  await expect(page.getByText(t('voicemail.none'), { exact: true })).toBeVisible()
})
