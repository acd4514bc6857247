import { calls, HOSTILE, sideways, tell, withCalls, withFakeStream } from './fakes'
import { expect, test } from './test'

test('a call of the demo is seen live, and hung up', async ({ page, t, look }) => {
  // Carol's call to Dave rings for half a minute, and comes again and again.
  test.setTimeout(150_000)
  await page.goto('/calls?q=Dave')
  await expect(page.getByRole('heading', { level: 1, name: t('calls.title') })).toBeVisible()
  const row = page.getByRole('row').filter({ hasText: 'Dave' }).filter({ hasText: 'RINGING' }).first()
  await expect(row).toBeVisible({ timeout: 90_000 })
  await look('calls')
  const id = await row.getAttribute('data-call')
  await row.getByRole('button', { name: t('calls.hang_up') }).click()
  const sure = row.getByRole('button', { name: t('calls.hang_up_now') })
  await expect(sure).toBeFocused()
  await sure.press('Escape')
  await expect(row.getByRole('button', { name: t('calls.hang_up') })).toBeFocused()
  await row.getByRole('button', { name: t('calls.hang_up') }).click()
  await sure.click()
  await expect(page.locator(`tr[data-call="${id ?? ''}"]`)).toHaveCount(0)
})

test('a call that is over already says so', async ({ page, t }) => {
  await withFakeStream(page)
  await withCalls(page, calls(2))
  await page.route('**/v1.1/calls/1', (route) =>
    route.fulfill({ status: 404, json: { message: 'Resource not found', code: 'not_found' } }),
  )
  await page.goto('/calls')
  const row = page.locator('tr[data-call="1"]')
  await row.getByRole('button', { name: t('calls.hang_up') }).click()
  await row.getByRole('button', { name: t('calls.hang_up_now') }).click()
  await expect(page.getByText(t('calls.over_already'))).toBeVisible()
})

test('nobody is in a call', async ({ page, t, tn }) => {
  await withFakeStream(page)
  await withCalls(page, [])
  await page.goto('/calls')
  await expect(page.getByText(t('calls.none'))).toBeVisible()
  await expect(page.getByText(tn('calls.count', 0))).toBeVisible()
  // The first call that comes is there without a reload.
  await tell(page, 'call', calls(1)[0])
  await expect(page.getByRole('row').filter({ hasText: 'Caller 000' })).toBeVisible()
  await tell(page, 'call', { id: 1, root_id: 1, ended: true })
  await expect(page.getByText(t('calls.none'))).toBeVisible()
})

test('filter, order and selection are in the address or survive what changes', async ({ page, t, tn }) => {
  await withFakeStream(page)
  await withCalls(page, calls(30))
  await page.goto('/calls')
  await page.getByLabel(t('calls.filter')).fill('caller 01')
  await expect(page).toHaveURL(/q=caller\+01/)
  await expect(page.getByText(tn('calls.count_of', 30, { shown: 10 }))).toBeVisible()
  const head = page.getByRole('columnheader', { name: t('calls.caller') })
  await head.getByRole('button').click()
  await expect(page).toHaveURL(/sort=src/)
  await expect(head).toHaveAttribute('aria-sort', 'ascending')
  await head.getByRole('button').click()
  await expect(head).toHaveAttribute('aria-sort', 'descending')
  await expect(page.locator('tr[data-call]').first()).toContainText('Caller 019')
  const chosen = page.locator('tr[data-call="15"]').getByRole('checkbox')
  await chosen.check()
  await tell(page, 'call', calls(15, () => ({ state: 'CONNECTED' }))[14])
  await expect(page.locator('tr[data-call="15"]')).toContainText('CONNECTED')
  await expect(chosen).toBeChecked()
  await expect(page.getByText(tn('calls.selected', 1))).toBeVisible()
  await expect(page.locator('tr[data-call]').first()).toContainText('Caller 019')
  // The same view from its address.
  await page.reload()
  await expect(page.getByLabel(t('calls.filter'))).toHaveValue('caller 01')
  await expect(page.locator('tr[data-call]').first()).toContainText('Caller 019')
})

test('several calls are hung up at once', async ({ page, t, tn }) => {
  await withFakeStream(page)
  await withCalls(page, calls(4))
  const ended: string[] = []
  await page.route(/\/v1\.1\/calls\/\d+$/, (route) => {
    ended.push(new URL(route.request().url()).pathname)
    return route.fulfill({ status: 204 })
  })
  await page.goto('/calls')
  for (const id of [1, 3]) await page.locator(`tr[data-call="${id}"]`).getByRole('checkbox').check()
  const group = page.getByRole('group', { name: t('calls.selection') })
  await group.getByRole('button', { name: t('calls.hang_up') }).click()
  await expect(group.getByRole('button', { name: tn('calls.hang_up_these', 2) })).toBeVisible()
  // Who is asked about two calls has not agreed to three.
  const third = page.locator('tr[data-call="4"]').getByRole('checkbox')
  await third.check()
  await expect(group.getByRole('button', { name: t('calls.hang_up'), exact: true })).toBeVisible()
  await third.uncheck()
  await group.getByRole('button', { name: t('calls.hang_up') }).click()
  await group.getByRole('button', { name: tn('calls.hang_up_these', 2) }).click()
  await expect.poll(() => ended.sort()).toEqual(['/v1.1/calls/1', '/v1.1/calls/3'])
})

test('a row opens its call by mouse and by keyboard', async ({ page }) => {
  await withFakeStream(page)
  await withCalls(page, calls(2))
  await page.goto('/calls')
  // What misses a checkbox or a button by a hair opens nothing.
  const cells = page.locator('tr[data-call="2"] td')
  await cells.first().click({ position: { x: 2, y: 2 } })
  await cells.last().click({ position: { x: 2, y: 2 } })
  await expect(page).toHaveURL(/\/calls$/)
  await page.locator('tr[data-call="2"]').getByText('Called 001').click()
  await expect(page).toHaveURL(/\/calls\/2$/)
  await page.goBack()
  await page.locator('tr[data-call="1"]').getByRole('link').focus()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/calls\/1$/)
})

test('500 calls that change 100 times a second leave the page quick', async ({ page, t }) => {
  await withFakeStream(page)
  const all = calls(500)
  await withCalls(page, all)
  await page.goto('/calls')
  await expect(page.locator('tr[data-call]').first()).toBeVisible()
  // Only what is in sight is there.
  expect(await page.locator('tr[data-call]').count()).toBeLessThan(60)
  await page.evaluate((rows) => {
    let n = 0
    setInterval(() => {
      const row = rows[n % rows.length]
      n += 1
      const state = n % 2 === 0 ? 'CONNECTED' : 'ON_HOLD'
      ;(window as unknown as { tell: (type: string, data: unknown) => void }).tell('call', { ...row, state })
    }, 10)
  }, all)
  await expect(page.locator('tr[data-call]').filter({ hasText: 'ON_HOLD' }).first()).toBeVisible()
  const times: number[] = []
  for (const label of [
    t('calls.caller'),
    t('common.state'),
    t('calls.callee'),
    t('calls.caller'),
    t('calls.callee'),
  ]) {
    times.push(await timeOfSort(page, label))
  }
  // The machine's other work counts too: a figure to be read, not judged. Each click did show its order.
  console.log(`500 calls, 100 changes a second: a click took ${times.map(Math.round).join(', ')} ms`)
  await page
    .getByRole('region', { name: t('calls.title') })
    .evaluate((box) => box.scrollTo(0, box.scrollHeight))
  await expect(page.getByRole('row').last()).toHaveAttribute('aria-rowindex', '501')
})

/** Milliseconds from a click on the head of a column until the page shows that order. */
async function timeOfSort(page: import('@playwright/test').Page, label: string): Promise<number> {
  return page.evaluate(
    (name) =>
      new Promise<number>((resolve, reject) => {
        const head = [...document.querySelectorAll('th')].find((th) => th.textContent.startsWith(name))
        const button = head?.querySelector('button')
        if (head === undefined || !button) {
          reject(new Error(`no column ${name}`))
          return
        }
        const before = head.getAttribute('aria-sort')
        const start = performance.now()
        const look = () => {
          if (head.getAttribute('aria-sort') === before) requestAnimationFrame(look)
          else resolve(performance.now() - start)
        }
        button.click()
        requestAnimationFrame(look)
      }),
    label,
  )
}

test('hostile names are text', async ({ page, t }) => {
  await withFakeStream(page)
  const names = Object.values(HOSTILE)
  await withCalls(
    page,
    calls(names.length, (n) => ({
      src_name: names[n] ?? '',
      dst: names[n] ?? '',
      dst_name: '',
      state: names[n] ?? '',
    })),
  )
  await page.goto('/calls')
  await expect(page.locator('tr[data-call]')).toHaveCount(names.length)
  await expect(page.getByText(HOSTILE.script).first()).toBeVisible()
  await expect(page.locator('bdi').filter({ hasText: HOSTILE.reversed }).first()).toBeVisible()
  await expect(page.locator('bdi[title]').first()).toHaveAttribute('title', HOSTILE.word)
  await expect(page.getByRole('columnheader', { name: t('calls.caller') })).toBeVisible()
  expect(await sideways(page)).toBe(0)
})

test('fits a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 800 })
  await withFakeStream(page)
  await withCalls(page, calls(5))
  await page.goto('/calls')
  await expect(page.locator('tr[data-call]').first()).toBeVisible()
  expect(await sideways(page)).toBe(0)
})
