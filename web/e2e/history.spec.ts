import { HOSTILE, sideways, tell, withFakeStream } from './fakes'
import { expect, test } from './test'

const nothing = { pending: 0, delivered: 0, failed: 0, expired: 0, held: 0 }

function cdr(n: number, given: Record<string, unknown> = {}) {
  return {
    id: n,
    live_id: n,
    parent_live_id: null,
    root_live_id: n,
    is_root: true,
    user_id: null,
    type: 'I',
    calldate: '2026-01-31 12:00:00',
    clid: '',
    src: '1001',
    src_id: '',
    src_name: 'Alice',
    src_ua: '',
    src_codec: '',
    dst: '1002',
    dst_id: '',
    dst_name: 'Bob',
    dst_ua: '',
    dst_codec: '',
    duration: 65,
    billsec: 60,
    disposition: 'CONNECTED',
    destination: 'in',
    context: 'LOCAL_USER',
    t_cause: 'Normal Clearing',
    info: '',
    terminated_by: 'caller',
    cause: { q850: 16, name: 'NORMAL_CLEARING', sip: 200 },
    deliveries: nothing,
    ...given,
  }
}

test('calls that ended are listed, newest first, and new ones come by themselves', async ({
  page,
  t,
  look,
}) => {
  await page.goto('/history')
  const rows = page.locator('tr[data-call]')
  await expect(rows.first()).toBeVisible()
  await look('history')
  const newest = Date.parse((await rows.first().locator('time').getAttribute('datetime')) ?? '')
  await expect
    .poll(async () => Date.parse((await rows.first().locator('time').getAttribute('datetime')) ?? ''), {
      timeout: 30_000,
    })
    .toBeGreaterThan(newest)
  await expect(page.getByRole('columnheader', { name: t('common.time') })).toHaveAttribute(
    'aria-sort',
    'descending',
  )
})

test('filters stand in the address and narrow the list', async ({ page, t }) => {
  await page.goto('/history')
  const rows = page.locator('tr[data-call]')
  await expect(rows.first()).toBeVisible()
  await page.getByLabel(t('history.callee')).fill('1999')
  await expect(page).toHaveURL(/dst=1999/)
  await expect(rows.first()).toContainText(t('history.result_failed'))
  await expect(rows.filter({ hasNotText: '1999' })).toHaveCount(0)
  expect(await rows.count()).toBeGreaterThan(0)
  await expect(rows.first().locator('[title="FAILED"]')).toBeVisible()
  await page.getByRole('combobox', { name: t('history.result') }).click()
  await page.getByRole('option', { name: t('history.result_busy') }).click()
  await expect(page).toHaveURL(/disposition=BUSY/)
  await expect(page.getByText(t('history.no_match'))).toBeVisible()
  await page.getByRole('button', { name: t('common.clear_filters') }).click()
  await expect(rows.first()).toBeVisible()
  await expect(page.getByLabel(t('history.callee'))).toHaveValue('')
  await page.getByRole('combobox', { name: t('history.direction') }).click()
  await page.getByRole('option', { name: t('history.direction_out') }).click()
  await expect(page).toHaveURL(/direction=out/)
  await expect(rows.filter({ hasNotText: t('history.direction_out') })).toHaveCount(0)
  await expect(rows.first()).toContainText(t('history.direction_out'))
  await page.getByLabel(t('history.context')).fill('NO_SUCH')
  await expect(page.getByText(t('history.no_match'))).toBeVisible()
})

test('times are entered in the zone of the viewer and sent in UTC', async ({ page, t }) => {
  const asked: string[] = []
  page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url())
    if (pathname === '/v1.1/cdrs') asked.push(searchParams.get('filter') ?? '')
  })
  await page.goto('/history')
  await expect(page.locator('tr[data-call]').first()).toBeVisible()
  const since = page.locator('input[type="datetime-local"]').first()
  await since.fill('2026-07-01T12:30')
  await since.blur()
  const utc = await page.evaluate(() => new Date('2026-07-01T12:30').toISOString().slice(0, 19))
  await expect(page).toHaveURL(new RegExp(`from=${encodeURIComponent(utc)}Z`))
  expect(asked.at(-1)).toContain(`"value":"${utc.replace('T', ' ')}"`)
  await page.reload()
  await expect(since).toHaveValue('2026-07-01T12:30')
  await expect(page.getByRole('link', { name: t('history.export') })).toHaveAttribute('href', /calldate/)
})

test('pages, page size and order', async ({ page, t }) => {
  await page.route('**/v1.1/cdrs?**', (route) => {
    const { searchParams: query } = new URL(route.request().url())
    const [at, size] = [Number(query.get('page')), Number(query.get('limit'))]
    const data = Array.from({ length: size }, (_, n) =>
      cdr((at - 1) * size + n + 1, { src_name: query.get('sort') }),
    )
    return route.fulfill({ json: { data, total: 500 } })
  })
  await page.goto('/history')
  const rows = page.locator('tr[data-call]')
  await expect(rows).toHaveCount(25)
  const pages = page.getByRole('navigation', { name: t('common.pages') })
  await pages.getByRole('button', { name: t('common.following') }).click()
  await expect(rows.first()).toHaveAttribute('data-call', '26')
  await expect(page).toHaveURL(/page=2/)
  await page.goBack()
  await expect(rows.first()).toHaveAttribute('data-call', '1')
  await pages.getByRole('combobox', { name: t('common.page_size') }).click()
  await page.getByRole('option', { name: t('common.per_page', { count: 100 }) }).click()
  await expect(rows).toHaveCount(100)
  await page.getByRole('button', { name: t('history.duration') }).click()
  await expect(rows.first()).toContainText('duration')
  await page.getByRole('button', { name: t('history.duration') }).click()
  await expect(rows.first()).toContainText('-duration')
  await expect(page).toHaveURL(/sort=-duration/)
})

test('how the webhooks of a call fared has a name and a shape', async ({ page, t }) => {
  await page.route('**/v1.1/cdrs?**', (route) => {
    const data = [
      cdr(1, { deliveries: { ...nothing, delivered: 6 } }),
      cdr(2, { deliveries: { ...nothing, delivered: 5, failed: 1 } }),
      cdr(3, { deliveries: { ...nothing, delivered: 5, pending: 1 } }),
      cdr(4),
    ]
    return route.fulfill({ json: { data, total: data.length } })
  })
  await page.goto('/history')
  const mark = (n: number) => page.locator(`tr[data-call="${n}"]`).getByRole('img')
  await expect(mark(1)).toHaveAccessibleName(t('history.dot_well', { delivered: 6 }))
  await expect(mark(2)).toHaveAccessibleName(t('history.dot_failed', { failed: 1 }))
  await expect(mark(3)).toHaveAccessibleName(t('history.dot_waiting', { waiting: 1 }))
  await expect(mark(4)).toHaveAccessibleName(t('history.dot_none'))
})

test('calls that are listed stay when they cannot be loaded anew', async ({ page, t }) => {
  await withFakeStream(page)
  let away = false
  await page.route('**/v1.1/cdrs?**', (route) =>
    away
      ? route.fulfill({ status: 409, json: { message: 'Conflict', code: 'conflict' } })
      : route.fulfill({ json: { data: [cdr(1, { type: 'M', disposition: 'NO ANSWER' })], total: 1 } }),
  )
  await page.goto('/history')
  const row = page.locator('tr[data-call="1"]')
  await expect(row).toBeVisible()
  // Which way it went; that it was missed is its result.
  await expect(row).toContainText(t('history.direction_in'))
  await expect(row.locator('[title="NO ANSWER"]')).toHaveText(t('history.result_no_answer'))
  away = true
  await tell(page, 'call.hangup', { call_id: 2, root_call_id: 2 })
  await expect(page.getByRole('alert')).toContainText(t('errors.conflict'))
  await expect(row).toBeVisible()
  away = false
  await page.getByRole('button', { name: t('common.retry') }).click()
  await expect(page.getByRole('alert')).toHaveCount(0)
})

test('the export has what is filtered', async ({ page, t }) => {
  await page.goto('/history?src=1001&disposition=CONNECTED')
  await expect(page.locator('tr[data-call]').first()).toBeVisible({ timeout: 30_000 })
  const coming = page.waitForEvent('download')
  await page.getByRole('link', { name: t('history.export') }).click()
  const file = await coming
  expect(file.suggestedFilename()).toBe('cdrs.csv')
  const stream = await file.createReadStream()
  let text = ''
  for await (const part of stream) text += String(part)
  const [head, ...lines] = text.trim().split(/\r?\n/)
  expect(head).toContain('calldate')
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) expect(line).toContain('CONNECTED')
})

test('a row opens its call', async ({ page }) => {
  await page.goto('/history')
  const row = page.locator('tr[data-call]').first()
  await row.getByRole('link').click()
  await expect(page).toHaveURL(/\/calls\/\d+$/)
})

test('hostile names are text, and the page fits a phone', async ({ page, t }) => {
  await page.setViewportSize({ width: 390, height: 800 })
  const names = Object.values(HOSTILE)
  await page.route('**/v1.1/cdrs?**', (route) => {
    const data = names.map((name, n) =>
      cdr(n + 1, { src_name: name, dst: name, context: name, t_cause: name }),
    )
    return route.fulfill({ json: { data, total: data.length } })
  })
  await page.goto('/history')
  await expect(page.locator('tr[data-call]')).toHaveCount(names.length)
  await expect(page.getByText(HOSTILE.script).first()).toBeVisible()
  await expect(page.locator(`bdi[title="${HOSTILE.word}"]`).first()).toBeVisible()
  expect(await sideways(page)).toBe(0)
  await page.getByRole('button', { name: t('common.filters') }).click()
  await expect(page.getByLabel(t('history.callee'))).toBeVisible()
  expect(await sideways(page)).toBe(0)
})
