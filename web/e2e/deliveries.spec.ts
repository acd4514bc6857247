/** The log of deliveries and the page of one, filled by the calls of the demo. */

import { request } from '@playwright/test'

import type { Delivery } from '../src/api/types'
import { expect, test } from './test'

interface Page<T> {
  data: T[]
  total: number
}

/** The newest deliveries that were delivered, once there are so many. */
async function delivered(
  rest: <T>(method: string, path: string) => Promise<T>,
  least: number,
): Promise<Delivery[]> {
  const filter = encodeURIComponent(
    JSON.stringify([{ property: 'state', operator: 'eq', value: 'delivered' }]),
  )
  let found: Delivery[] = []
  await expect
    .poll(async () => {
      found = (await rest<Page<Delivery>>('GET', `/deliveries?limit=50&filter=${filter}`)).data
      return found.length
    })
    .toBeGreaterThanOrEqual(least)
  return found
}

test('the filters live in the address bar', async ({ page, t, rest, look }) => {
  const wanted = (await delivered(rest, 5)).find(({ event_name }) => event_name === 'call.initial')
  await page.goto('/deliveries')
  const rows = page.getByRole('row')
  await expect(rows.nth(1)).toBeVisible()
  await page.getByLabel(t('common.event')).selectOption('call.initial')
  await expect(page).toHaveURL(/event=call\.initial/)
  await expect(page.getByRole('link', { name: 'call.ringing', exact: true })).toHaveCount(0)
  await expect(page.getByRole('link', { name: 'call.initial', exact: true }).first()).toBeVisible()
  await page.getByLabel(t('common.webhook'), { exact: true }).selectOption({ label: 'demo receiver' })
  await page.getByLabel(t('common.state')).selectOption('delivered')
  const call = String(wanted?.root_call_id ?? 0)
  await page.getByLabel(t('deliveries.call_id')).fill(call)
  await expect(page).toHaveURL(new RegExp(`call=${call}\\b`))
  await page.getByLabel(t('common.from'), { exact: true }).fill('2020-01-01T00:00')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/from=20(19|20)-/)
  const link = page.getByRole('link', { name: t('deliveries.call', { id: call }) })
  await expect(link.first()).toHaveAttribute('href', `/calls/${call}`)

  // A link shows the same to somebody else.
  await page.reload()
  await expect(page.getByLabel(t('common.event'))).toHaveValue('call.initial')
  await expect(page.getByLabel(t('deliveries.call_id'))).toHaveValue(call)
  await expect(page.getByLabel(t('common.from'), { exact: true })).toHaveValue('2020-01-01T00:00')
  await expect(link.first()).toBeVisible()
  await look('deliveries')

  await page.getByLabel(t('common.to'), { exact: true }).fill('2020-01-02T00:00')
  await page.keyboard.press('Enter')
  await expect(page.getByText(t('deliveries.none_found'))).toBeVisible()
  await page.getByRole('button', { name: t('deliveries.no_filters') }).click()
  await expect(page).toHaveURL(/\/deliveries$/)
  await expect(rows.nth(1)).toBeVisible()
})

test('the list follows live, keeps still when told, and says what is waiting', async ({ page, t, rest }) => {
  await delivered(rest, 2)
  await page.goto('/deliveries')
  const first = page.getByRole('checkbox').nth(1)
  const newest = async () => (await first.getAttribute('aria-label')) ?? ''
  await expect(first).toBeVisible()
  const before = await newest()
  await expect.poll(newest).not.toBe(before)

  await page.getByRole('switch', { name: t('deliveries.tail') }).click()
  await expect(page.getByText(t('deliveries.tail_off'))).toBeVisible()
  const kept = await newest()
  const waiting = page.getByRole('button', { name: /^\d+ \p{L}+/u }).filter({ hasText: ':' })
  await expect(waiting).toBeVisible()
  expect(await newest()).toBe(kept)
  await waiting.click()
  await expect.poll(newest).not.toBe(kept)
})

test('pages are turned, and only the first follows', async ({ page, t, rest }) => {
  const list = await rest<Page<Delivery>>('GET', '/deliveries?limit=50')
  await page.route('**/v1.1/deliveries?*', (route) => route.fulfill({ json: { ...list, total: 120 } }))
  await page.goto('/deliveries')
  const pages = page.getByRole('navigation', { name: t('deliveries.pages') })
  await expect(pages.getByText(t('common.page_of', { page: 1, pages: 3 }))).toBeVisible()
  await pages.getByRole('button', { name: t('common.following') }).click()
  await expect(page).toHaveURL(/page=2/)
  await expect(page.getByText(t('deliveries.tail_first_page'))).toBeVisible()
  await expect(page.getByRole('switch', { name: t('deliveries.tail') })).toBeDisabled()
  await page.goBack()
  await expect(pages.getByText(t('common.page_of', { page: 1, pages: 3 }))).toBeVisible()

  // Beside the box of a row is not the row.
  await page
    .getByRole('row')
    .nth(1)
    .getByRole('cell')
    .first()
    .click({ position: { x: 2, y: 2 } })
  await expect(page).toHaveURL(/\/deliveries$/)

  await page.unroute('**/v1.1/deliveries?*')
  await page.route('**/v1.1/deliveries?*', (route) => route.fulfill({ json: { data: [], total: 120 } }))
  await page.goto('/deliveries?page=99')
  await expect(page.getByText(t('deliveries.none_here'))).toBeVisible()
  await pages.getByRole('button', { name: t('common.previous') }).click()
  await expect(page).toHaveURL(/page=3$/)
})

test('a list stays when a later load of it fails', async ({ page, t, rest }) => {
  await delivered(rest, 1)
  await page.goto('/webhooks')
  const link = page.getByRole('link', { name: 'demo receiver', exact: true })
  await expect(link).toBeVisible()
  await page.route('**/v1.1/webhooks?*', (route) =>
    route.fulfill({ status: 500, json: { code: 'internal', message: 'no', errors: [] } }),
  )
  // Each delivery makes the list stale.
  await expect(page.getByRole('alert').filter({ hasText: t('common.failed') })).toBeVisible({
    timeout: 40_000,
  })
  await expect(link).toBeVisible()
})

test('several are sent again, one after the other, and it is summed up', async ({ page, t, tn, rest }) => {
  const [one, two, three] = await delivered(rest, 3)
  const ids = [one, two, three].map((delivery) => delivery?.id ?? 0)
  await page.goto(`/deliveries?state=delivered`)
  // The third waits already, as one does that was sent again a moment ago.
  await page.route(`**/v1.1/deliveries/${ids[2] ?? 0}/resend`, (route) =>
    route.fulfill({ status: 409, json: { code: 'conflict', message: 'Conflict', errors: [] } }),
  )
  // Following would move them away while they are ticked, until the first of them is.
  for (const id of ids)
    await page.getByRole('checkbox', { name: t('deliveries.select', { id: String(id) }) }).check()
  await expect(page.getByText(t('deliveries.tail_selected'))).toBeVisible()
  await expect(page.getByRole('status').filter({ hasText: tn('deliveries.selected', 3) })).toBeVisible()
  await page.getByRole('button', { name: t('deliveries.resend_selected') }).click()
  await expect(page.getByText(tn('deliveries.resent', 2))).toBeVisible()
  await expect(page.getByText(tn('deliveries.was_waiting', 1))).toBeVisible()
  await expect
    .poll(async () => {
      const same = JSON.stringify([{ property: 'event_id', operator: 'eq', value: one?.event_id }])
      const found = await rest<Page<Delivery>>('GET', `/deliveries?filter=${encodeURIComponent(same)}`)
      return found.data.filter(({ replayed }) => replayed).length
    })
    .toBeGreaterThan(0)
})

test('a delivery shows all that was sent and answered, and is sent again', async ({
  page,
  context,
  t,
  rest,
  look,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const delivery = (await delivered(rest, 5)).at(-1)
  if (delivery === undefined) throw new Error('no delivery')
  await page.goto(`/deliveries?call=${delivery.root_call_id}&event=${delivery.event_name}`)
  await page.getByRole('link', { name: delivery.event_name, exact: true }).first().click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/\d/)
  await page.goto(`/deliveries/${delivery.id}`)
  await expect(
    page.getByRole('heading', { name: t('deliveries.delivery', { id: String(delivery.id) }) }),
  ).toBeVisible()
  await expect(page.getByText('webhook-signature:')).toBeVisible()
  await page.getByRole('tab', { name: t('common.response') }).click()
  await expect(page.getByText('webhook-signature:')).toHaveCount(0)
  const body = page.getByRole('region', { name: t('deliveries.body') })
  await expect(body).toContainText(`"call_id": ${delivery.call_id}`)
  await page.getByText(t('deliveries.raw'), { exact: true }).click()
  await expect(body).toHaveText(delivery.body)
  await look('delivery')

  await page.getByRole('button', { name: t('deliveries.curl') }).click()
  await expect(page.getByText(t('common.copied'))).toBeVisible()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  expect(copied).toContain("curl -g -i -X POST 'https://127.0.0.1:")
  expect(copied).toContain(`-H 'webhook-id: ${delivery.event_id}'`)
  expect(copied).toContain('--data-raw \'{"id":')

  await page.getByRole('button', { name: t('deliveries.resend'), exact: true }).click()
  await expect(page.getByRole('status').filter({ hasText: t('deliveries.sent_again') })).toBeVisible()
  // It is another delivery of the same event.
  const again = page
    .getByRole('listitem')
    .filter({ hasText: t('deliveries.replayed') })
    .first()
  await again.getByRole('link').click()
  await expect(page.getByText('offhook-replayed: true')).toBeVisible()
  await expect(page.getByRole('link', { name: t('deliveries.to_call') })).toHaveAttribute(
    'href',
    `/calls/${delivery.root_call_id}`,
  )
})

test('a delivery that failed at first tells each attempt, the newest first', async ({
  page,
  t,
  rest,
  server,
}) => {
  const receiver = await request.newContext({ ignoreHTTPSErrors: true })
  let failed: Delivery | undefined
  await expect(async () => {
    // Others tell the receiver what to do as well, so it is told again until it failed.
    await receiver.get(`${server.receiver}/fail/1`)
    await expect
      .poll(
        async () => {
          const { data } = await rest<Page<Delivery>>('GET', '/deliveries?limit=50')
          failed = data.find(({ attempts }) => attempts.length > 1 && attempts[0]?.status === 500)
          return failed !== undefined
        },
        { timeout: 6_000 },
      )
      .toBe(true)
  }).toPass({ timeout: 40_000 })
  await receiver.dispose()
  await page.goto(`/deliveries/${failed?.id ?? 0}`)
  const attempts = page.getByRole('button', {
    name: new RegExp(`^${t('deliveries.attempt', { n: 0 }).replace('0', '\\d')}`),
  })
  await expect(attempts.first()).toContainText(t('deliveries.attempt', { n: failed?.attempts.length ?? 0 }))
  await expect(attempts.last()).toContainText(t('deliveries.attempt', { n: 1 }))
  await expect(attempts.last()).toContainText('500')
  await attempts.last().click()
  await expect(page.getByText('offhook-attempt: 1')).toBeVisible()
})

test('one that waits counts down, one that was given up says why', async ({ page, t, rest }) => {
  const [known] = await delivered(rest, 1)
  if (known === undefined) throw new Error('no delivery')
  const soon = new Date(Date.now() + 90_000).toISOString().slice(0, 19).replace('T', ' ')
  const attempt = {
    ...known.attempts[0],
    status: null,
    error: 'timeout: the answer of a took longer than 10.0 s',
  }
  let state: Partial<Delivery> = { state: 'pending', next_attempt_at: soon }
  await page.route(`**/v1.1/deliveries/${known.id}`, (route) =>
    route.fulfill({ json: { data: { ...known, attempts: [attempt], ...state } } }),
  )
  await page.goto(`/deliveries/${known.id}`)
  const shown = page.getByRole('main')
  await expect(shown.getByText(t('deliveries.pending'), { exact: true })).toBeVisible()
  await expect(shown.getByText(t('deliveries.in', { span: '1 min 20 s' }))).toBeVisible()
  await expect(
    shown.getByText(t('webhooks.reason_timeout', { seconds: '\u206810.0\u2069' })).first(),
  ).toBeVisible()
  state = { state: 'failed', next_attempt_at: null, reason: 'every retry failed' }
  await page.reload()
  await expect(shown.getByText(t('deliveries.failed'), { exact: true })).toBeVisible()
  await expect(shown.getByText(t('webhooks.reason_exhausted'))).toBeVisible()
})

test('there is no such delivery', async ({ page, t }) => {
  await page.goto('/deliveries/999999999')
  await expect(page.getByText(t('errors.not_found'))).toBeVisible()
})
