import type { Phone, User } from '../src/api/types'
import { makeAdmin, removeUser } from './accounts'
import { HOSTILE, sideways, tell, withFakeStream } from './fakes'
import { expect, test } from './test'

test('a user is added, changed and deleted', async ({ page, t, unique, rest }) => {
  const [ext, name] = [unique(20), `Nora${unique(20)}`]
  await removeUser(rest, ext)
  await page.goto('/users')
  await page.getByRole('button', { name: t('people.add_user') }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(t('people.first_name')).fill(name)
  await dialog.getByLabel(t('people.last_name')).fill('Grau')
  await dialog.getByLabel(t('people.ext')).fill(ext)
  await dialog.getByLabel(t('people.email')).fill(`${name}@example.com`)
  await dialog.getByRole('textbox', { name: t('people.password') }).fill('long enough 1')
  await dialog.getByLabel(t('people.dnd')).check()
  await dialog.getByRole('button', { name: t('people.add_user') }).click()
  await expect(dialog).toHaveCount(0)

  const item = page.getByRole('button', { name: new RegExp(`^${name} Grau`) })
  await expect(item).toContainText(ext)
  await expect(item).toContainText(t('people.dnd_short'))
  await expect(item).toContainText(t('people.registered_of', { registered: 0, phones: 0 }))
  await item.click()

  await page.getByRole('button', { name: `${t('common.edit')} ${name} Grau` }).click()
  await expect(dialog.getByLabel(t('people.first_name'))).toHaveValue(name)
  await dialog.getByLabel(t('people.last_name')).fill('Puig')
  await dialog.getByLabel(t('people.dnd')).uncheck()
  await dialog.getByLabel(t('people.active')).uncheck()
  await dialog.getByRole('combobox', { name: t('people.record') }).click()
  await page.getByRole('option', { name: t('people.record_all') }).click()
  await dialog.getByRole('button', { name: t('common.save') }).click()
  await expect(dialog).toHaveCount(0)
  const changed = page.getByRole('button', { name: new RegExp(`^${name} Puig`) })
  await expect(changed).toContainText(t('people.inactive'))
  await expect(changed).not.toContainText(t('people.dnd_short'))

  await page.getByRole('button', { name: `${t('common.delete')} ${name} Puig` }).click()
  const sure = dialog.getByRole('button', { name: t('common.delete') })
  await expect(sure).toBeDisabled()
  await dialog.getByRole('textbox').fill(`${name} Puig`)
  await sure.click()
  await expect(dialog).toHaveCount(0)
  await expect(changed).toHaveCount(0)
})

test('complaints stand at their fields', async ({ page, t, unique, rest }) => {
  const ext = unique(21)
  await makeAdmin(rest, ext, `Taken${ext}`)
  await page.goto('/users')
  await page.getByRole('button', { name: t('people.add_user') }).click()
  const dialog = page.getByRole('dialog')
  const at = (label: string) => dialog.getByRole('textbox', { name: label })
  await dialog.getByRole('button', { name: t('people.add_user') }).click()
  await expect(at(t('people.first_name'))).toHaveAccessibleDescription(t('errors.field_required'))
  await expect(at(t('people.first_name'))).toBeFocused()
  await expect(at(t('people.first_name'))).toBeInViewport()
  await at(t('people.first_name')).fill('Nora')
  await at(t('people.ext')).fill('12x')
  await at(t('people.email')).fill('nobody')
  await at(t('people.password')).fill('short')
  await dialog.getByRole('button', { name: t('people.add_user') }).click()
  await expect(at(t('people.ext'))).toHaveAccessibleDescription(new RegExp(t('errors.field_ext')))
  await expect(at(t('people.email'))).toHaveAccessibleDescription(t('errors.field_email'))
  await expect(at(t('people.password'))).toHaveAccessibleDescription(
    new RegExp(t('errors.field_length', { min: '8', max: '256' })),
  )
  await at(t('people.ext')).fill(ext)
  await at(t('people.email')).fill(`other${ext}@example.com`)
  await at(t('people.password')).fill('')
  await dialog.getByRole('button', { name: t('people.add_user') }).click()
  await expect(at(t('people.ext'))).toHaveAccessibleDescription(
    new RegExp(t('errors.field_taken_by', { name: `Taken${ext}` })),
  )
  await removeUser(rest, ext)
})

test('a user gets a voicemail, and how long it waits is judged by the server', async ({
  page,
  t,
  unique,
  rest,
  look,
}) => {
  const [ext, name] = [unique(28), `Vera${unique(28)}`]
  const { id } = await makeAdmin(rest, ext, name)
  const saved = async () => (await rest<{ data: User }>('GET', `/users/${id}`)).data
  await page.goto(`/users?q=${name}`)
  await page.getByRole('button', { name: new RegExp(`^${name}`) }).click()
  await page.getByRole('button', { name: `${t('common.edit')} ${name}` }).click()
  const dialog = page.getByRole('dialog')
  const seconds = dialog.getByLabel(t('people.voicemail_after'))
  await expect(seconds).toHaveCount(0)
  await dialog.getByLabel(t('people.voicemail'), { exact: true }).check()
  await expect(seconds).toHaveValue('20')
  const save = dialog.getByRole('button', { name: t('common.save') })
  for (const [wrong, complaint] of [
    ['121', t('errors.field_whole', { min: '5', max: '120' })],
    ['', t('errors.field_required')],
  ] as const) {
    await seconds.fill(wrong)
    await save.click()
    await expect(seconds).toHaveAccessibleDescription(new RegExp(complaint))
    await expect(seconds).toBeFocused()
  }
  await seconds.scrollIntoViewIfNeeded()
  await look('user-voicemail')
  expect(await saved()).toMatchObject({ voicemail: false, voicemail_after: 20 })
  await seconds.fill('5')
  await dialog.getByRole('combobox', { name: t('people.record') }).click()
  await page.getByRole('option', { name: t('people.record_in') }).click()
  await save.click()
  await expect(dialog).toHaveCount(0)
  expect(await saved()).toMatchObject({ voicemail: true, voicemail_after: 5, record: 'in' })

  // Without a voicemail there is nothing to wait for, and what was typed meanwhile is in nobody's way.
  await page.getByRole('button', { name: `${t('common.edit')} ${name}` }).click()
  await expect(seconds).toHaveValue('5')
  await seconds.fill('1')
  await dialog.getByLabel(t('people.voicemail'), { exact: true }).uncheck()
  await expect(seconds).toHaveCount(0)
  await save.click()
  await expect(dialog).toHaveCount(0)
  expect(await saved()).toMatchObject({ voicemail: false, voicemail_after: 5, record: 'in' })
  await removeUser(rest, ext)
})

test('the last active admin stays', async ({ page, t }) => {
  await page.route(/\/v1\.1\/users\/\d+$/, (route) =>
    route.fulfill({
      status: 409,
      json: {
        message: 'Conflict',
        code: 'conflict',
        errors: [{ field: 'role', message: 'at least one active admin must be left' }],
      },
    }),
  )
  await page.goto('/users')
  await page.getByRole('button', { name: /^Admin 1000/ }).click()
  await page.getByRole('button', { name: `${t('common.delete')} Admin`, exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').fill('Admin')
  await dialog.getByRole('button', { name: t('common.delete') }).click()
  await expect(dialog.getByRole('alert')).toHaveText(t('errors.field_last_admin'))
})

test('a phone is added, told once, renamed, given a new password and deleted', async ({
  page,
  t,
  unique,
  rest,
  look,
}) => {
  const [ext, name] = [unique(22), `Pia${unique(22)}`]
  await makeAdmin(rest, ext, name)
  await page.goto(`/users?q=${name}`)
  await page.getByRole('button', { name: new RegExp(`^${name} ${ext}`) }).click()
  await expect(page.getByText(t('people.no_phone'))).toBeVisible()
  await page.getByRole('button', { name: `${t('people.add_phone')} ${name}` }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(t('people.username')).fill('not allowed')
  await dialog.getByRole('button', { name: t('people.add_phone') }).click()
  await expect(dialog.getByLabel(t('people.username'))).toHaveAccessibleDescription(
    new RegExp(t('errors.field_username')),
  )
  await dialog.getByLabel(t('people.username')).fill('')
  await dialog.getByLabel(t('people.display_name')).fill('Kitchen')
  await dialog.getByRole('button', { name: t('people.add_phone') }).click()

  const credentials = page.getByRole('dialog', { name: t('people.credentials') })
  const told = (key: 'people.username' | 'people.password' | 'people.domain') =>
    credentials.getByRole('group', { name: t(key) })
  await expect(told('people.username')).toHaveText(ext)
  await expect(told('people.password')).toHaveText(/^[A-Za-z0-9]{20}$/)
  await expect(told('people.domain')).toHaveText(/\d/)
  await expect(credentials.getByRole('img', { name: t('people.qr', { username: ext }) })).toBeVisible()
  await expect(credentials.getByRole('status')).toHaveText(t('people.shown_once'))
  await look('phone-credentials')
  const first = await told('people.password').textContent()
  await page.keyboard.press('Escape')
  await expect(credentials).toBeVisible()
  await credentials
    .getByRole('button', { name: t('people.copy_what', { what: t('people.password') }) })
    .click()
  await credentials.getByRole('button', { name: t('people.noted') }).click()
  await expect(credentials).toHaveCount(0)
  await expect(page.getByText(first ?? '')).toHaveCount(0)

  const phone = page.getByRole('listitem', { name: ext })
  await expect(phone).toContainText('Kitchen')
  await expect(phone).toContainText(t('people.not_registered'))
  await phone.getByRole('button', { name: t('people.rename') }).click()
  await dialog.getByLabel(t('people.display_name')).fill('Garden')
  await dialog.getByRole('button', { name: t('common.save') }).click()
  await expect(phone).toContainText('Garden')

  await phone.getByRole('button', { name: t('people.reset') }).click()
  await dialog.getByRole('button', { name: t('people.reset') }).click()
  await expect(told('people.password')).toHaveText(/^[A-Za-z0-9]{20}$/)
  expect(await told('people.password').textContent()).not.toBe(first)
  await credentials.getByRole('button', { name: t('people.noted') }).click()

  await phone.getByRole('button', { name: t('common.delete') }).click()
  await dialog.getByRole('textbox').fill(ext)
  await dialog.getByRole('button', { name: t('common.delete') }).click()
  await expect(phone).toHaveCount(0)
  await removeUser(rest, ext)
})

test('registrations are told, and a change of them without a reload', async ({ page, t, look }) => {
  await page.goto('/users?q=alice')
  const alice = page.getByRole('button', { name: /^Alice 1001/ })
  await expect(alice).toContainText(t('people.registered_of', { registered: 1, phones: 1 }))
  await alice.click()
  const phone = page.getByRole('listitem', { name: '1001' })
  await expect(phone).toContainText(t('people.registered'))
  await expect(phone).toContainText('sip:1001@')
  await expect(phone).toContainText('Offhook demo phone')
  await expect(phone).toContainText('UDP')
  await expect(phone.locator('time')).toBeVisible()
  await look('people')
})

test('a registration shows without a reload', async ({ page, t, unique, rest }) => {
  await withFakeStream(page)
  const [ext, name] = [unique(23), `Ada${unique(23)}`]
  const user = await makeAdmin(rest, ext, name)
  await page.goto(`/users?q=${name}`)
  const item = page.getByRole('button', { name: new RegExp(`^${name} ${ext}`) })
  await expect(item).toContainText(t('people.registered_of', { registered: 0, phones: 0 }))
  const made = await rest<{ data: Phone }>('POST', '/phones', { user_id: user.id })
  await tell(page, 'registration', {
    phone_id: made.data.id,
    user_id: user.id,
    registered: false,
    contacts: [],
  })
  await expect(item).toContainText(t('people.registered_of', { registered: 0, phones: 1 }))
  await removeUser(rest, ext)
})

test('hostile names are text, and the page fits a phone', async ({ page, t, unique, rest }) => {
  await page.setViewportSize({ width: 390, height: 800 })
  const names = [HOSTILE.script, HOSTILE.image, HOSTILE.reversed]
  const exts = names.map((_, n) => unique(24 + n))
  for (const [n, name] of names.entries()) {
    const ext = exts[n] ?? ''
    await removeUser(rest, ext)
    const made = await rest<{ data: User }>('POST', '/users', {
      first_name: name,
      last_name: 'w'.repeat(100),
      email: `hostile${ext}@example.com`,
      ext,
    })
    await rest('POST', '/phones', { user_id: made.data.id, display_name: name })
  }
  await page.goto(`/users?q=hostile${unique(24).slice(0, 2)}`)
  const items = page.getByRole('button', { expanded: false }).filter({ hasText: 'hostile' })
  await expect(items).toHaveCount(names.length)
  await expect(page.getByText(HOSTILE.script).first()).toBeVisible()
  for (let n = 0; n < names.length; n++) await items.first().click()
  await expect(page.getByRole('listitem')).toHaveCount(names.length)
  expect(await sideways(page)).toBe(0)
  // A name that nobody could type is not asked for.
  await page
    .getByRole('button', { name: `${t('common.delete')} <script>` })
    .first()
    .click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByLabel(t('common.type_name', { name: exts[0] ?? '' }))).toBeVisible()
  await dialog.getByRole('button', { name: t('common.cancel') }).click()
  for (const ext of exts) await removeUser(rest, ext)
})

test('a word of 10 KB in a user name is cut', async ({ page }) => {
  await page.route('**/v1.1/users?**', async (route) => {
    const answer = await route.fetch()
    const body = (await answer.json()) as { data: User[] }
    const data = body.data.map((user) => ({ ...user, first_name: HOSTILE.word, email: HOSTILE.word }))
    await route.fulfill({ response: answer, json: { ...body, data } })
  })
  await page.setViewportSize({ width: 390, height: 800 })
  await page.goto('/users')
  await expect(page.locator(`bdi[title^="${'w'.repeat(100)}"]`).first()).toBeVisible()
  expect(await sideways(page)).toBe(0)
})
