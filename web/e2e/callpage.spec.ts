import type { Cdr, LiveCall } from '../src/api/types'
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
  let call: LiveCall | undefined
  await expect(async () => {
    const { data } = await rest<List<LiveCall>>('GET', '/calls')
    call = data.find(({ dst, duration, start_time }) => {
      const rings = Date.now() / 1000 - start_time
      return dst === '1004' && duration === 0 && rings < 20
    })
    expect(call).toBeDefined()
  }).toPass({ timeout: 50_000, intervals: [200] })
  await page.goto(`/calls/${call?.id}`)
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
  await expect(page.getByRole('tab')).toHaveText([t('flow.call_json')])
  await expect(page.getByRole('region', { name: t('flow.call_json_cdrs') })).toBeVisible()
  expect(asked.filter((path) => /flow|deliveries|events/.test(path))).toEqual([])
})
