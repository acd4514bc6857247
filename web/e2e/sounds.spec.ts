/** The library of sounds: files that come in or are refused, what is heard where, and what is still needed. */

import type { Settings, Sound } from '../src/api/types'
import { HOSTILE, sideways } from './fakes'
import { expect, test } from './test'
import { wav } from './wav'

type Rest = <T>(method: string, path: string, body?: unknown) => Promise<T>

/** Settings are the server's: of each language another, so that none takes what the other one chose. */
const OF = { en: 'music', es: 'greeting' } as const

const upload = (name: string, buffer: Buffer) => ({ name, mimeType: 'audio/wav', buffer })

/** Removes what a test of before left. */
async function removeSounds(rest: Rest, beginning: string): Promise<void> {
  const { data } = await rest<{ data: Sound[] }>('GET', '/sounds?limit=1000')
  for (const { id, name } of data) if (name.startsWith(beginning)) await rest('DELETE', `/sounds/${id}`)
}

test('a file becomes a sound, is heard and chosen, and stays while it is needed', async ({
  page,
  language,
  rest,
  t,
  unique,
  look,
}) => {
  test.setTimeout(120_000)
  const [of, name] = [OF[language], `Waltz ${unique(50)}`]
  await rest('PATCH', '/settings', { [of]: null })
  await removeSounds(rest, name)
  await page.goto('/users')
  await page.getByRole('link', { name: t('common.nav_sounds'), exact: true }).click()
  await expect(page.getByRole('heading', { name: t('sounds.title') })).toBeVisible()
  await page.getByRole('button', { name: t('sounds.add') }).click()
  const dialog = page.getByRole('dialog')
  const file = dialog.getByLabel(t('sounds.file'))
  const named = dialog.getByRole('textbox', { name: t('sounds.name') })
  const send = dialog.getByRole('button', { name: t('sounds.add') })
  const choose = (chosen: ReturnType<typeof upload>) =>
    dialog.locator('input[type=file]').setInputFiles(chosen)

  await send.click()
  await expect(file).toHaveAccessibleDescription(new RegExp(t('errors.field_required')))
  await expect(file).toBeFocused()
  await choose(upload('song.wav', Buffer.from('ID3\u0004\u0000\u0000no sound at all')))
  await expect(named).toHaveValue('song')
  await send.click()
  await expect(file).toHaveAccessibleDescription(new RegExp(t('errors.sound_no_wav')))
  await choose(upload('short.wav', wav(0.001)))
  await send.click()
  await expect(file).toHaveAccessibleDescription(new RegExp(t('errors.sound_short')))
  await look('sound-refused')
  await choose(upload('long.wav', Buffer.alloc(20_000_001)))
  await send.click()
  await expect(file).toHaveAccessibleDescription(new RegExp(t('errors.sound_large')))
  await choose(upload(`${name}_.wav`, wav(3)))
  await expect(named).toHaveValue(name)
  await named.fill('')
  await send.click()
  await expect(named).toHaveAccessibleDescription(
    new RegExp(t('errors.field_length', { min: '1', max: '100' })),
  )
  await named.fill(name)
  await send.click()
  await expect(dialog).toHaveCount(0)

  const { data } = await rest<{ data: Sound[] }>('GET', '/sounds?limit=1000')
  const made = data.find((sound) => sound.name === name)
  expect(made).toMatchObject({ duration_ms: 3_000 })
  const id = made?.id ?? 0
  const row = page.locator(`tr[data-sound="${id}"]`)
  await expect(row).toContainText(name)
  const player = page.locator(`#sound-${id}`).getByRole('group')
  const slider = player.getByRole('slider')
  const sound = page.waitForResponse((response) => response.url().endsWith(`/sounds/${id}.wav`))
  await player.getByRole('button', { name: t('player.play') }).click()
  expect((await sound).headers()['content-type']).toBe('audio/wav')
  await expect(slider).toHaveAttribute('aria-valuenow', '3')
  await expect(player.getByRole('button', { name: t('player.play') })).toBeVisible()
  // A part of it can be heard again: the server sends parts.
  await slider.press('Home')
  await expect(slider).toHaveAttribute('aria-valuenow', '0')
  await slider.press('End')
  await expect(slider).toHaveAttribute('aria-valuenow', '3')

  // The second of its name is refused at the name.
  await page.getByRole('button', { name: t('sounds.add') }).click()
  await choose(upload(`${name}.wav`, wav(1)))
  await send.click()
  await expect(named).toHaveAccessibleDescription(new RegExp(t('errors.field_taken')))
  await dialog.getByRole('button', { name: t('common.cancel') }).click()

  // By keys alone, as somebody who does not see the list.
  const select = page.getByRole('combobox', { name: t(`sounds.${of}`) })
  await expect(select).toHaveValue(t(`sounds.${of}_built_in`))
  await select.focus()
  await page.keyboard.press('Enter')
  const option = page.getByRole('option', { name, exact: true })
  await expect(option).toBeVisible()
  for (let n = 0; n < 50 && (await option.getAttribute('data-combobox-selected')) === null; n++)
    await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(page.getByText(t('sounds.saved'))).toBeVisible()
  await expect(select).toHaveValue(name)
  await expect(row).toContainText(t(`sounds.use_${of}`))
  expect((await rest<{ data: Settings }>('GET', '/settings')).data[of]).toBe(id)
  await look('sounds')

  await player.getByRole('button', { name: t('common.delete') }).click()
  await dialog.getByRole('button', { name: t('common.delete') }).click()
  await expect(dialog.getByRole('alert')).toHaveText(t(`errors.sound_${of}`))
  await dialog.getByRole('button', { name: t('common.cancel') }).click()
  await select.click()
  await page.getByRole('option', { name: t(`sounds.${of}_built_in`) }).click()
  await expect(row).not.toContainText(t(`sounds.use_${of}`))
  await player.getByRole('button', { name: t('common.delete') }).click()
  await dialog.getByRole('button', { name: t('common.delete') }).click()
  await expect(page.getByText(t('sounds.deleted'))).toBeVisible()
  await expect(row).toHaveCount(0)
  await expect(rest('GET', `/sounds/${id}`)).rejects.toThrow(/404/)
})

test('a choice of what is gone meanwhile is told at its field', async ({ page, language, t, unique }) => {
  const [of, name] = [OF[language], `Gone ${unique(51)}`]
  await page.route('**/v1.1/sounds?**', (route) =>
    route.fulfill({
      json: {
        data: [{ id: 987_654, name, duration_ms: 900, size: 28_844, created_at: '2026-01-01 00:00:00' }],
        total: 1,
      },
    }),
  )
  await page.goto('/sounds')
  const select = page.getByRole('combobox', { name: t(`sounds.${of}`) })
  await select.click()
  await page.getByRole('option', { name }).click()
  await expect(select).toHaveAccessibleDescription(new RegExp(t('errors.sound_gone')))
  await expect(select).toHaveValue(t(`sounds.${of}_built_in`))
})

test('hostile names of sounds are text, and the page fits a phone', async ({ page, t }) => {
  const names = [HOSTILE.script, HOSTILE.image, HOSTILE.reversed, 'w'.repeat(100)]
  await page.route('**/v1.1/sounds?**', (route) =>
    route.fulfill({
      json: {
        data: names.map((name, n) => ({
          id: n + 1,
          name,
          duration_ms: 61_000,
          size: 1_952_044,
          created_at: '2026-01-01 00:00:00',
        })),
        total: names.length,
      },
    }),
  )
  await page.setViewportSize({ width: 390, height: 800 })
  await page.goto('/sounds?open=4')
  for (const name of names.slice(0, 2)) await expect(page.getByText(name).first()).toBeVisible()
  await expect(page.locator('#sound-4').getByRole('slider')).toBeVisible()
  expect(await sideways(page)).toBe(0)
  await page
    .locator('#sound-4')
    .getByRole('button', { name: t('common.delete') })
    .click()
  await expect(page.getByRole('dialog')).toBeVisible()
  expect(await sideways(page)).toBe(0)
})
