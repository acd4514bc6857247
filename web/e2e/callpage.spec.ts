import type { Cdr, LiveCall } from '../src/api/types'
import { call } from '../src/features/calls/testing'
import { generated } from '../src/features/flow/generate'
import { expect, test } from './test'

interface List<T> {
  data: T[]
}

test('tells of a call that is over', async ({ page, rest, t }) => {
  let cdr: Cdr | undefined
  await expect(async () => {
    const { data } = await rest<List<Cdr>>('GET', '/cdrs?limit=50')
    cdr = data.find(({ cause }) => cause.name === 'USER_BUSY')
    expect(cdr).toBeDefined()
  }).toPass({ timeout: 50_000 })
  if (cdr === undefined) throw new Error('nobody was busy')
  await page.goto(`/calls/${cdr.live_id}`)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(
    t('flow.call_title', { id: String(cdr.live_id) }),
  )
  await expect(page.getByText(t('flow.call_disposition_busy'), { exact: true })).toBeVisible()
  await expect(page.getByText(t('causes.USER_BUSY'))).toBeVisible()
  await expect(page.getByText(/User Busy · Q\.850 17 · SIP 486/)).toBeVisible()
  await expect(page.getByText(t('flow.call_by_callee'), { exact: true })).toBeVisible()
  await expect(page.getByRole('button', { name: t('flow.call_hang_up') })).toHaveCount(0)
})

test('has its messages, webhooks and JSON on tabs of their own addresses', async ({
  page,
  rest,
  t,
  look,
}) => {
  let cdr: Cdr | undefined
  await expect(async () => {
    const { data } = await rest<List<Cdr>>('GET', '/cdrs?limit=50')
    cdr = data.find(({ disposition }) => disposition === 'CONNECTED')
    expect(cdr).toBeDefined()
  }).toPass({ timeout: 50_000 })
  if (cdr === undefined) throw new Error('nobody answered')
  await page.goto(`/calls/${cdr.live_id}`)
  await page.getByRole('tab', { name: t('flow.call_messages') }).click()
  await expect(page).toHaveURL(/tab=messages/)
  const messages = page.getByRole('list', { name: t('flow.call_messages_list') })
  await messages
    .getByRole('button', { name: /INVITE sip:/ })
    .first()
    .click()
  await expect(messages.getByRole('region').first()).toContainText(/Call-ID: \S+/)
  await look('call-messages')

  await page.getByRole('tab', { name: t('flow.call_webhooks') }).click()
  await expect(page).toHaveURL(/tab=webhooks/)
  const table = page.getByRole('table', { name: t('flow.call_webhooks') })
  const hangup = table.getByRole('row', { name: /call\.hangup/ }).first()
  await expect(hangup).toContainText(t('deliveries.delivered'))
  await expect(hangup.locator('a[href^="/deliveries/"]')).toHaveText(/^\d+$/)
  await look('call-webhooks')

  await page.reload()
  await expect(table).toBeVisible()
  await page.getByRole('tab', { name: t('flow.call_json') }).click()
  await expect(page.getByRole('region', { name: t('flow.call_json_cdrs') })).toContainText(
    `"live_id": ${cdr.live_id}`,
  )
  await expect(page.getByRole('region', { name: t('flow.call_json_events') })).toContainText(
    '"event_name": "call.hangup"',
  )
  await look('call-json')
})

test('hangs up a call that is up, and goes over to its record', async ({ page, rest, t }) => {
  // Nobody answers at Dave's: his calls ring long enough.
  let ringing: LiveCall | undefined
  await expect(async () => {
    const { data } = await rest<List<LiveCall>>('GET', '/calls')
    ringing = data.find(({ dst, duration, start_time }) => {
      const rings = Date.now() / 1000 - start_time
      return dst === '1004' && duration === 0 && rings < 20
    })
    expect(ringing).toBeDefined()
  }).toPass({ timeout: 50_000, intervals: [200] })
  await page.goto(`/calls/${ringing?.id}`)
  await expect(page.getByRole('timer')).toBeVisible()
  await page.getByRole('button', { name: t('flow.call_hang_up') }).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: t('flow.call_hang_up') })
    .click()
  await expect(page.getByText(t('causes.MANAGER_REQUEST'))).toBeVisible()
  await expect(page.getByText(t('flow.call_by_api'), { exact: true })).toBeVisible()
  await expect(page.getByRole('timer')).toHaveCount(0)
})

test('holds a call, takes it back and sends it on', async ({ page, t, look }) => {
  const up = { id: 7, state: 'CONNECTED', connected_at: Math.floor(Date.now() / 1000) }
  const sent: unknown[] = []
  await page.route(/\/v1\.1\/(calls|cdrs)\?/, (route) => route.fulfill({ json: { data: [], total: 0 } }))
  await page.route(/\/v1\.1\/calls\/\d+\/flow$/, (route) => route.fulfill({ json: generated(10) }))
  await page.route(/\/v1\.1\/calls\/[78]$/, (route) => {
    const request = route.request()
    if (request.method() === 'PATCH') {
      const body = request.postDataJSON() as { state?: string; dst?: string }
      sent.push(body)
      if (body.dst === '1999') {
        const errors = [{ field: 'dst', message: 'nobody answers to this number' }]
        return route.fulfill({ status: 400, json: { message: 'x', code: 'validation_failed', errors } })
      }
      up.state = body.state ?? up.state
      if (body.dst !== undefined) up.id = 8
    } else if (!request.url().endsWith(`/${up.id}`)) {
      return route.fulfill({ status: 404, json: { message: 'Resource not found', code: 'not_found' } })
    }
    return route.fulfill({ json: { data: call(up), links: {} } })
  })
  await page.goto('/calls/7')
  await page.getByRole('button', { name: t('flow.call_hold') }).click()
  await page.getByRole('button', { name: t('flow.call_resume') }).click()
  await expect(page.getByRole('button', { name: t('flow.call_hold') })).toBeVisible()
  await page.getByRole('button', { name: t('flow.call_transfer') }).click()
  const dialog = page.getByRole('dialog')
  const number = dialog.getByLabel(t('flow.call_transfer_to'))
  await expect(number).toBeFocused()
  await number.fill('1999')
  await number.press('Enter')
  await expect(dialog).toContainText(t('errors.field_nobody'))
  await look('call-transfer')
  await number.fill('1003')
  await dialog.getByRole('button', { name: t('flow.call_transfer_now') }).click()
  await expect(page).toHaveURL(/\/calls\/8$/)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(t('flow.call_title', { id: '8' }))
  expect(sent).toEqual([{ state: 'ON_HOLD' }, { state: 'CONNECTED' }, { dst: '1999' }, { dst: '1003' }])
})

test('says so when there is no such call', async ({ page, t }) => {
  await page.goto('/calls/999999999')
  await expect(page.getByText(t('flow.call_not_found'))).toBeVisible()
  await page.goto('/calls/nonsense')
  await expect(page.getByText(t('flow.call_not_found'))).toBeVisible()
})

test('shows a user the call without what is for admins', async ({ page, rest, t }) => {
  await page.route('**/v1.1/me', async (route) => {
    const answer = await route.fetch()
    const body = (await answer.json()) as { data: { role: string } }
    body.data.role = 'user'
    await route.fulfill({ response: answer, json: body })
  })
  let cdr: Cdr | undefined
  await expect(async () => {
    cdr = (await rest<List<Cdr>>('GET', '/cdrs?limit=1')).data[0]
    expect(cdr).toBeDefined()
  }).toPass({ timeout: 50_000 })
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await page.goto(`/calls/${cdr?.live_id}?tab=flow`)
  // Beside its name, that of the recordings may say how many there are.
  const tabs = [new RegExp(`^${t('flow.call_recording')}\\d*$`), t('flow.call_quality'), t('flow.call_json')]
  await expect(page.getByRole('tab')).toHaveText(tabs)
  await page.getByRole('tab', { name: t('flow.call_json') }).click()
  await expect(page.getByRole('region', { name: t('flow.call_json_cdrs') })).toBeVisible()
  expect(asked.filter((path) => /flow|deliveries|events/.test(path))).toEqual([])
})
