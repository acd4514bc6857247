import { makeAdmin, PASSWORD, removeUser, signIn } from './accounts'
import { STATE } from './demo'
import { sideways } from './fakes'
import { expect, test } from './test'

test.use({ storageState: { cookies: [], origins: [] } })

test('the right password lets in, a wrong one does not', async ({ page, t, unique, rest, look }) => {
  const ext = unique(40)
  const admin = await makeAdmin(rest, ext, `Ines${ext}`)
  await page.goto('/history')
  await expect(page.getByRole('button', { name: t('session.sign_in') })).toBeVisible()
  await look('sign-in')
  await signIn(page, t, admin.email, 'wrong password')
  await expect(page.getByRole('alert')).toHaveText(t('errors.invalid_credentials'))
  await signIn(page, t, admin.email, PASSWORD)
  // Where one wanted to go.
  await expect(page.getByRole('heading', { level: 1, name: t('history.title') })).toBeVisible()
  await expect(page).toHaveURL(/\/history$/)
  await removeUser(rest, ext)
})

test('signing out leaves nothing, in other tabs neither', async ({ page, context, t, unique, rest }) => {
  const ext = unique(41)
  const admin = await makeAdmin(rest, ext, `Olga${ext}`)
  await page.goto('/users')
  await signIn(page, t, admin.email, PASSWORD)
  const other = await context.newPage()
  await other.goto('/history')
  await expect(other.getByRole('heading', { level: 1, name: t('history.title') })).toBeVisible()
  await page.getByRole('button', { name: t('session.sign_out') }).click()
  await expect(page.getByRole('button', { name: t('session.sign_in') })).toBeVisible()
  await expect(page.getByText(admin.email)).toHaveCount(0)
  await expect(other.getByRole('button', { name: t('session.sign_in') })).toBeVisible()
  // Signing in again is good for both.
  await signIn(page, t, admin.email, PASSWORD)
  await expect(other.getByRole('button', { name: t('session.sign_out') })).toBeVisible()
  await removeUser(rest, ext)
})

test('who could not be signed out is told so, and stays', async ({ page, t, unique, rest }) => {
  const ext = unique(46)
  const admin = await makeAdmin(rest, ext, `Rosa${ext}`)
  await page.goto('/history')
  await signIn(page, t, admin.email, PASSWORD)
  await page.route('**/v1.1/session', (route) => route.abort())
  await page.getByRole('button', { name: t('session.sign_out') }).click()
  await expect(page.getByRole('alert').filter({ hasText: t('session.not_signed_out') })).toBeVisible()
  await expect(page.getByRole('heading', { level: 1, name: t('history.title') })).toBeVisible()
  await page.unroute('**/v1.1/session')
  // Over already is as good as done.
  await page.route('**/v1.1/session', (route) =>
    route.fulfill({ status: 401, json: { message: 'Unauthorized', code: 'unauthorized' } }),
  )
  await page.getByRole('button', { name: t('session.sign_out') }).click()
  await expect(page).not.toHaveURL(/history/)
  await removeUser(rest, ext)
})

test('a session that lapses in mid-edit costs nothing but the password', async ({
  page,
  context,
  t,
  unique,
  rest,
}) => {
  const [ext, made] = [unique(42), unique(43)]
  const admin = await makeAdmin(rest, ext, `Lola${ext}`)
  await removeUser(rest, made)
  await page.goto('/users')
  await signIn(page, t, admin.email, PASSWORD)
  await page.getByRole('button', { name: t('people.add_user') }).click()
  const form = page.getByRole('dialog', { name: t('people.add_user') })
  await form.getByLabel(t('people.first_name')).fill(`Eva${made}`)
  await form.getByLabel(t('people.ext')).fill(made)
  await form.getByLabel(t('people.email')).fill(`eva${made}@example.com`)
  await context.clearCookies()
  await form.getByRole('button', { name: t('people.add_user') }).click()

  const lapsed = page.getByRole('dialog', { name: t('session.lapsed') })
  await expect(lapsed).toHaveCount(1)
  await expect(lapsed).toBeVisible()
  await expect(lapsed.getByLabel(t('session.email'))).toHaveValue(admin.email)
  // Neither this dialog nor the one behind it closes.
  await lapsed.getByRole('textbox', { name: t('session.password') }).press('Escape')
  await expect(lapsed).toBeVisible()
  await lapsed.getByRole('textbox', { name: t('session.password') }).fill('wrong password')
  await lapsed.getByRole('button', { name: t('session.sign_in') }).click()
  await expect(lapsed.getByRole('alert')).toHaveText(t('errors.invalid_credentials'))
  await lapsed.getByRole('textbox', { name: t('session.password') }).fill(PASSWORD)
  await lapsed.getByRole('button', { name: t('session.sign_in') }).click()
  await expect(lapsed).toHaveCount(0)
  await expect(form).toHaveCount(0)
  await expect(page.getByRole('button', { name: new RegExp(`^Eva${made} ${made}`) })).toBeVisible()
  await removeUser(rest, made)
  await removeUser(rest, ext)
})

test('signing in in another tab closes the question in this one', async ({
  page,
  context,
  t,
  unique,
  rest,
}) => {
  const ext = unique(44)
  const admin = await makeAdmin(rest, ext, `Mar${ext}`)
  await page.goto('/users')
  await signIn(page, t, admin.email, PASSWORD)
  await expect(page.getByRole('heading', { level: 1, name: t('people.title') })).toBeVisible()
  await context.clearCookies()
  await page.getByRole('link', { name: t('common.nav_history') }).click()
  const lapsed = page.getByRole('dialog', { name: t('session.lapsed') })
  await expect(lapsed).toBeVisible()
  const other = await context.newPage()
  await other.goto('/history')
  await signIn(other, t, admin.email, PASSWORD)
  await expect(lapsed).toHaveCount(0)
  await expect(page.locator('tr[data-call]').first()).toBeVisible()
  await removeUser(rest, ext)
})

test('a one-time link that was used before says so', async ({ page, server, t }) => {
  await page.goto(`/#ticket=${server.ticket}`)
  await expect(page.getByRole('alert')).toHaveText(t('session.ticket_refused'))
  // It does not stay in the address, where it could be copied.
  await expect(page).toHaveURL(`${server.url}/`)
})

test('the language stays as it was chosen', async ({ page, language }) => {
  await page.goto('/')
  await expect(page.locator('html')).toHaveAttribute('lang', language)
  const other = language === 'en' ? 'es' : 'en'
  // The radio itself is hidden; a click on its label reaches it.
  await page.getByText(other.toUpperCase(), { exact: true }).click()
  await expect(page.locator('html')).toHaveAttribute('lang', other)
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('lang', other)
  await expect(page.getByRole('radio', { name: other.toUpperCase() })).toBeChecked()
})

test('light and dark stay as they were chosen', async ({ page, t, unique, rest }) => {
  const ext = unique(45)
  const admin = await makeAdmin(rest, ext, `Sol${ext}`)
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto('/history')
  await signIn(page, t, admin.email, PASSWORD)
  const html = page.locator('html')
  await expect(html).toHaveAttribute('data-mantine-color-scheme', 'light')
  await page.getByRole('button', { name: t('common.dark') }).click()
  await expect(html).toHaveAttribute('data-mantine-color-scheme', 'dark')
  await page.reload()
  await expect(html).toHaveAttribute('data-mantine-color-scheme', 'dark')
  await page.getByRole('button', { name: t('common.light') }).click()
  await expect(html).toHaveAttribute('data-mantine-color-scheme', 'light')
  await removeUser(rest, ext)
})

test('the sign-in fits a phone', async ({ page, t }) => {
  await page.setViewportSize({ width: 390, height: 800 })
  await page.goto('/')
  await expect(page.getByRole('button', { name: t('session.sign_in') })).toBeVisible()
  expect(await sideways(page)).toBe(0)
})

test('a part of the page that is gone after an upgrade asks for a reload', async ({ browser, server, t }) => {
  // A page of its own: what is looked for here counts as a fault in every other test.
  const context = await browser.newContext({ baseURL: server.url, storageState: STATE })
  const page = await context.newPage()
  await page.goto('/calls')
  await page.route('**/assets/History-*', (route) => route.fulfill({ status: 404 }))
  await page.getByRole('link', { name: t('common.nav_history') }).click()
  await expect(page.getByRole('alert')).toContainText(t('common.broken_text'))
  await page.unroute('**/assets/History-*')
  await page.getByRole('button', { name: t('common.reload') }).click()
  await expect(page.getByRole('heading', { level: 1, name: t('history.title') })).toBeVisible()
  await context.close()
})
