import { makeAdmin, PASSWORD, removeUser, signIn } from './accounts'
import { sideways } from './fakes'
import { expect, test } from './test'

const SIGNED_OUT = { cookies: [], origins: [] }

test('a new server begins with its first steps, until they are left', async ({ page, t }) => {
  const none = { json: { data: [], total: 0 } }
  await page.route('**/v1.1/phones?**', (route) => route.fulfill(none))
  await page.route('**/v1.1/webhooks?**', (route) => route.fulfill(none))
  await page.goto('/')
  await expect(page).toHaveURL(/\/welcome$/)
  await page.getByRole('button', { name: t('welcome.leave') }).click()
  await expect(page).toHaveURL(/\/calls$/)
  await page.goto('/')
  await expect(page).toHaveURL(/\/calls$/)
  await page.getByRole('link', { name: t('common.nav_welcome') }).click()
  await expect(page.getByRole('heading', { level: 1, name: t('welcome.title') })).toBeVisible()
})

test('a server that is set up begins with the calls', async ({ page }) => {
  await page.goto('/')
  await expect(page).toHaveURL(/\/calls$/)
})

test('steps are skipped, and stay so', async ({ page, t }) => {
  await page.goto('/welcome')
  const step = page.getByRole('region', { name: t('welcome.admin') })
  await step.getByRole('button', { name: t('common.skip') }).click()
  await expect(step).toContainText(t('welcome.skipped'))
  await expect(step.getByLabel(t('people.email'))).toBeHidden()
  await page.reload()
  await expect(step).toContainText(t('welcome.skipped'))
  await step.getByRole('button', { name: t('welcome.open') }).click()
  await expect(step.getByLabel(t('people.email'))).toBeVisible()
})

test.describe('with an admin of its own', () => {
  test.use({ storageState: SIGNED_OUT })

  test('from the first step to the first call', async ({ page, t, unique, rest, look }) => {
    test.setTimeout(120_000)
    const [ext, other] = [unique(30), unique(31)]
    const admin = await makeAdmin(rest, ext, `First${ext}`)
    await removeUser(rest, other)
    await page.goto('/welcome')
    await signIn(page, t, admin.email, PASSWORD)
    const step = (name: 'admin' | 'user' | 'phone' | 'webhook' | 'call') =>
      page.getByRole('region', { name: t(`welcome.${name}`) })
    const open = async (name: Parameters<typeof step>[0]) => {
      const button = step(name).getByRole('button', { name: t('welcome.open') })
      if (await button.isVisible()) await button.click()
    }
    await expect(step('user')).toBeVisible()
    await look('welcome')

    await open('admin')
    const fresh = `${PASSWORD} again`
    await step('admin').getByLabel(t('people.email')).fill(`second${ext}@example.com`)
    await step('admin')
      .getByRole('textbox', { name: t('welcome.new_password') })
      .fill(fresh)
    await step('admin')
      .getByRole('button', { name: t('common.save') })
      .click()
    await expect(step('admin')).toContainText(t('common.done'))
    // A new password ends the sessions of its user, but not this one.
    await expect(page.getByText(t('session.lapsed'))).toHaveCount(0)

    await open('user')
    await step('user').getByLabel(t('people.first_name')).fill('Uma')
    await step('user').getByLabel(t('people.ext')).fill(other)
    await step('user').getByLabel(t('people.email')).fill(`uma${other}@example.com`)
    await step('user')
      .getByRole('button', { name: t('people.add_user') })
      .click()
    await expect(step('user').getByRole('button', { name: t('welcome.open') })).toBeVisible()
    await expect(page.getByText(t('session.lapsed'))).toHaveCount(0)

    await open('phone')
    await expect(step('phone').getByRole('combobox', { name: t('welcome.phone_of') })).toHaveValue(
      new RegExp(`Uma.*${other}`),
    )
    await step('phone')
      .getByRole('button', { name: t('people.add_phone') })
      .click()
    await expect(step('phone').getByRole('group', { name: t('people.password') })).toHaveText(
      /^[A-Za-z0-9]{20}$/,
    )
    await expect(step('phone').getByRole('img')).toBeVisible()
    await step('phone')
      .getByRole('button', { name: t('people.noted') })
      .click()

    await open('call')
    await expect(step('call').getByRole('log')).toContainText('call.', { timeout: 45_000 })
    await step('call')
      .getByRole('link', { name: t('welcome.see_call') })
      .click({ timeout: 60_000 })
    await expect(page).toHaveURL(/\/calls\/\d+$/)
    await removeUser(rest, other)
    await removeUser(rest, ext)
  })
})

test('a webhook that is refused says why, one that is taken is done', async ({ page, t }) => {
  await page.goto('/welcome')
  const step = page.getByRole('region', { name: t('welcome.webhook') })
  await step.getByRole('button', { name: t('welcome.open') }).click()
  const secret = step.getByRole('textbox', { name: t('webhooks.secret') })
  await expect(secret).toHaveValue(/^whsec_[A-Za-z0-9+/]{43}=$/)
  const url = step.getByRole('textbox', { name: t('welcome.url') })
  await url.fill('https://127.0.0.1:1/nobody')
  await step.getByRole('button', { name: t('welcome.webhook_save') }).click()
  await expect(url).toHaveAttribute('aria-invalid', 'true')
  await expect(url).toHaveAccessibleDescription(/127\.0\.0\.1/)

  const sent: unknown[] = []
  await page.route('**/v1.1/webhooks', async (route) => {
    sent.push(route.request().postDataJSON())
    await route.fulfill({ status: 201, json: { data: { id: 99 }, links: {} } })
  })
  let refused = true
  await page.route('**/v1.1/integrations/webhooks', async (route) => {
    if (route.request().method() === 'PATCH') {
      sent.push(route.request().postDataJSON())
      if (refused) return route.fulfill({ status: 503, json: { message: 'Busy', code: 'unavailable' } })
    }
    await route.fulfill({ json: { data: { enabled: true, egress_addresses: [] }, links: {} } })
  })
  await url.fill('https://hooks.example.com/offhook')
  const chosen = await secret.inputValue()
  await step.getByRole('button', { name: t('welcome.webhook_save') }).click()
  await expect(step.getByRole('alert')).toHaveText(t('errors.unavailable'))
  // The webhook is there by now: what is left is to let the server send.
  refused = false
  await step.getByRole('button', { name: t('welcome.webhook_switch_on') }).click()
  await expect(url).toHaveCount(0)
  await expect(
    step.getByRole('link', { name: t('welcome.webhook_see'), includeHidden: true }),
  ).toHaveAttribute('href', '/webhooks/99')
  expect(sent).toEqual([
    {
      name: t('welcome.webhook_name'),
      url: 'https://hooks.example.com/offhook',
      secret: chosen,
      events: ['call.state_change'],
    },
    { enabled: true },
    { enabled: true },
  ])
})

test('the test of a first webhook can be given up', async ({ page, t }) => {
  await page.goto('/welcome')
  const step = page.getByRole('region', { name: t('welcome.webhook') })
  await step.getByRole('button', { name: t('welcome.open') }).click()
  await page.route('**/v1.1/webhooks', () => undefined)
  const url = step.getByRole('textbox', { name: t('welcome.url') })
  await url.fill('https://hooks.example.com/slow')
  await step.getByRole('button', { name: t('welcome.webhook_save') }).click()
  await expect(step.getByRole('progressbar')).toBeVisible()
  await step.getByRole('button', { name: t('common.cancel') }).click()
  await expect(step.getByRole('button', { name: t('welcome.webhook_save') })).toBeVisible()
  await expect(step.getByRole('alert')).toHaveCount(0)
  await expect(url).toHaveValue('https://hooks.example.com/slow')
})

test('fits a phone', async ({ page, t }) => {
  await page.setViewportSize({ width: 390, height: 800 })
  await page.goto('/welcome')
  const steps = page.getByRole('region')
  await expect(steps).toHaveCount(5)
  for (let n = 0; n < 5; n++) {
    const open = steps.nth(n).getByRole('button', { name: t('welcome.open') })
    if (await open.isVisible()) await open.click()
    expect(await sideways(page), `step ${n + 1}`).toBe(0)
  }
})
