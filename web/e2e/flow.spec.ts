import type { Page } from '@playwright/test'

import type { Cdr, Flow, LiveCall } from '../src/api/types'
import { generated, made } from '../src/features/flow/generate'
import { expect, test } from './test'

type Rest = <T>(method: string, path: string, body?: unknown) => Promise<T>

interface List<T> {
  data: T[]
}

/** A call of the demo, the only one of its root, that was answered and is over. */
async function answered(rest: Rest): Promise<Cdr> {
  let found: Cdr | undefined
  await expect(async () => {
    const { data } = await rest<List<Cdr>>('GET', '/cdrs?limit=50')
    found = data.find((cdr) => cdr.disposition === 'CONNECTED' && cdr.src === '1001' && cdr.dst === '1002')
    expect(found).toBeDefined()
  }).toPass({ timeout: 40_000 })
  if (found === undefined) throw new Error('no call was answered')
  return found
}

/** Answers what the page asks of a ladder with one that was made up. */
async function fake(page: Page, flow: Flow): Promise<void> {
  await page.route(/\/v1\.1\/(calls|cdrs)\/\d+\/flow$/, (route) => route.fulfill({ json: flow }))
}

/** Scrolls the ladder to its end in forty steps: the longest frame in milliseconds, and the most rows at once. */
function scrollThrough(page: Page): Promise<{ longest: number; most: number }> {
  return page.getByRole('grid').evaluate(async (grid) => {
    const ladder = grid.parentElement
    if (ladder === null) throw new Error('no ladder')
    const frame = () => new Promise<number>((done) => requestAnimationFrame(done))
    const seen = { longest: 0, most: 0 }
    let before = await frame()
    for (let step = 1; step <= 40; step += 1) {
      ladder.scrollTop = ((ladder.scrollHeight - ladder.clientHeight) * step) / 40
      // The first frame renders what came into sight, the second shows how long that took.
      for (let n = 0; n < 2; n += 1) {
        const now = await frame()
        seen.longest = Math.max(seen.longest, now - before)
        before = now
        seen.most = Math.max(seen.most, grid.querySelectorAll('[role="row"]').length)
      }
    }
    ladder.scrollTop = 0
    return seen
  })
}

const HOSTILE = '</script><img src=x onerror=alert(1)> \u202egnp.elgoog '

test('shows who sent what to whom, and each POST with the message that caused it', async ({
  page,
  rest,
  t,
  look,
}) => {
  const cdr = await answered(rest)
  const flow = await rest<Flow>('GET', `/calls/${cdr.root_live_id}/flow`)
  await page.goto(`/calls/${cdr.live_id}`)
  const grid = page.getByRole('grid', { name: t('flow.grid') })
  const columns = page.getByRole('list', { name: t('flow.columns') })
  for (const column of flow.columns) {
    await expect(columns.getByRole('listitem').filter({ hasText: column.address }).first()).toContainText(
      column.alias,
    )
  }
  const first = flow.rows.find((row) => row.label === 'INVITE (SDP)')
  expect(first).toBeDefined()
  await expect(grid.getByRole('row', { name: /INVITE \(SDP\).*CSeq 1 INVITE/ }).first()).toBeVisible()
  const post = grid.getByRole('row', { name: /POST call\.initial/ }).first()
  const cause = flow.links[0]
  expect(cause).toBeDefined()
  await post.getByRole('button', { name: t('flow.by_row', { n: String(cause?.from) }) }).click()
  await expect(grid.getByRole('row', { selected: true })).toContainText('INVITE (SDP)')
  await expect(grid.getByRole('row', { selected: true })).toBeFocused()
  await look('flow')
})

test('is one stop for the tabulator, walked with the arrow keys', async ({ page, rest, t }) => {
  const cdr = await answered(rest)
  await page.goto(`/calls/${cdr.live_id}`)
  const grid = page.getByRole('grid', { name: t('flow.grid') })
  const selected = grid.getByRole('row', { selected: true })
  await expect(grid.getByRole('row', { name: /INVITE/ }).first()).toBeVisible()
  await expect(grid.locator('[tabindex="0"]')).toHaveCount(1)
  await grid.locator('[tabindex="0"]').focus()
  await page.keyboard.press('ArrowDown')
  await expect(selected).toContainText('INVITE (SDP)')
  await page.keyboard.press('ArrowDown')
  await expect(selected).not.toContainText('INVITE (SDP)')
  await page.keyboard.press('End')
  await expect(selected).toContainText(/call\.hangup|BYE|200 OK|(in|en) \d+ ms/)
  await expect(selected).toBeFocused()
  await page.keyboard.press('Home')
  await expect(selected).toContainText('INVITE (SDP)')

  await page.keyboard.press('Enter')
  const panel = page.getByRole('dialog')
  await expect(panel.getByRole('region', { name: t('flow.raw') })).toContainText(/^INVITE sip:\S+ SIP\/2\.0/)
  await expect(panel.getByRole('region', { name: t('flow.raw') })).toContainText('m=audio')
  await panel.getByRole('button', { name: t('flow.next_row') }).click()
  await expect(panel.getByRole('region', { name: t('flow.raw') })).toContainText('SIP/2.0 100 Trying')
  await page.keyboard.press('Escape')
  await expect(panel).toBeHidden()
  await expect(selected).toContainText('100 Trying')
  await expect(selected).toBeFocused()
})

test('opens a POST with its request, its answer and its delivery', async ({ page, rest, t }) => {
  const cdr = await answered(rest)
  await page.goto(`/calls/${cdr.live_id}`)
  await page
    .getByRole('row', { name: /POST call\.initial/ })
    .first()
    .click()
  const panel = page.getByRole('dialog')
  await expect(panel.getByRole('region', { name: t('common.request') })).toContainText(
    '"event_name": "call.initial"',
  )
  await expect(panel.getByRole('region', { name: t('common.request') })).toContainText(
    'webhook-signature: v1,',
  )
  await expect(panel.getByRole('link')).toHaveAttribute('href', /\/deliveries\/\d+$/)
  await panel.getByRole('button', { name: t('flow.resend') }).click()
  await expect(page.getByText(t('flow.resent'))).toBeVisible()
})

test('shows attempts that failed, and what follows them', async ({ page, server, rest, t }) => {
  // Nobody verifies the demo receiver's certificate here, Node.js neither.
  const { request } = await import('node:https')
  await new Promise<void>((resolve, reject) => {
    const ask = request(`${server.receiver}/fail/1`, { rejectUnauthorized: false }, (answer) => {
      answer.resume().on('end', resolve)
    })
    ask.on('error', reject).end()
  })
  let root = 0
  await expect(async () => {
    const { data } = await rest<List<{ root_call_id: number; attempts: { status: number | null }[] }>>(
      'GET',
      '/deliveries?limit=200',
    )
    root = data.find(({ attempts }) => attempts.some(({ status }) => status === 500))?.root_call_id ?? 0
    expect(root).toBeGreaterThan(0)
  }).toPass({ timeout: 40_000 })
  await page.goto(`/calls/${root}`)
  const failed = page.getByRole('row', { name: /500 (in|en) \d+ ms.*500/ }).first()
  await page.getByLabel(t('flow.search')).fill('500')
  await expect(failed).toBeVisible()
  await page.getByLabel(t('flow.search')).fill(t('flow.row_attempt', { n: 2 }))
  await expect(page.getByRole('row', { name: t('flow.row_attempt', { n: 2 }) }).first()).toBeVisible()
})

test('hides what is switched off, keeps it listed, and remembers it', async ({ page, t, tn }) => {
  const flow: Flow = {
    ...generated(0),
    rows: [
      made(1, { label: 'INVITE (SDP)' }),
      made(2, { label: 'INVITE (SDP)', retransmission_of: 1 }),
      made(3, { label: 'INVITE (SDP)', retransmission_of: 1 }),
      made(4, { label: '180 Ringing', from: 'h2', leg: 'B1', status: 180 }),
      made(5, { label: 'POST call.ringing', kind: 'webhook', from: 'pbx', to: 'w1', leg: null, attempt: 1 }),
      made(6, {
        label: 'timeout',
        kind: 'webhook',
        from: 'w1',
        to: 'pbx',
        leg: null,
        attempt: 1,
        ms: 10_000,
        error: 'timeout',
      }),
      made(7, {
        label: 'call.hold not sent',
        detail: 'the webhook is off',
        kind: 'note',
        from: 'pbx',
        to: 'w1',
        leg: null,
        sent: false,
      }),
      made(900, { n: 8, label: 'BYE' }),
    ],
    gaps: [{ after: 7, seconds: 17.8 }],
  }
  await fake(page, flow)
  await page.goto('/calls/1')
  const grid = page.getByRole('grid', { name: t('flow.grid') })
  const row = (name: RegExp) => grid.getByRole('row', { name })
  await expect(row(/INVITE/)).toHaveCount(1)
  await expect(row(/17\.9|18 s|17,9/).first()).toBeVisible()
  await row(/INVITE/)
    .getByRole('button', { name: tn('flow.times', 3) })
    .click()
  await expect(row(/INVITE/)).toHaveCount(3)
  await row(/INVITE/)
    .first()
    .getByRole('button', { name: tn('flow.times', 3) })
    .click()
  await expect(row(/INVITE/)).toHaveCount(1)
  // By keyboard from the panel.
  await row(/INVITE/).focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  const times = page.getByRole('dialog').getByRole('button', { name: tn('flow.times', 3) })
  await times.press('Enter')
  await expect(times).toHaveAttribute('aria-expanded', 'true')
  await times.press('Enter')
  await expect(times).toHaveAttribute('aria-expanded', 'false')
  await page.keyboard.press('Escape')
  await expect(row(/INVITE/)).toHaveCount(1)

  const legend = page.getByRole('group', { name: t('flow.legend') })
  await legend.getByRole('button', { name: t('flow.leg', { leg: 'B1', count: 1 }) }).click()
  await expect(row(/180 Ringing/)).toHaveCount(0)
  await legend.getByRole('button', { name: t('flow.webhooks', { count: 2 }) }).click()
  await expect(row(/POST|timeout/)).toHaveCount(0)
  await expect(row(/the webhook is off/)).toBeVisible()
  await legend.getByRole('button', { name: t('flow.unsent', { count: 1 }) }).click()
  await expect(row(/the webhook is off/)).toHaveCount(0)
  await legend.getByRole('button', { name: t('flow.repeats', { count: 2 }) }).click()
  await expect(row(/INVITE/)).toHaveCount(3)

  await page.reload()
  await expect(row(/INVITE/)).toHaveCount(3)
  await expect(row(/the webhook is off/)).toHaveCount(0)
  // Legs are those of one call: which are hidden is not remembered for others.
  await expect(row(/180 Ringing/)).toHaveCount(1)
})

test('saves the flow as text, picture, capture and JSON', async ({ page, rest, server, t }) => {
  const cdr = await answered(rest)
  await page.goto(`/calls/${cdr.live_id}`)
  for (const key of ['flow.export_txt', 'flow.export_svg', 'flow.export_pcap', 'flow.export_json'] as const) {
    const link = page.getByRole('link', { name: t(key) })
    await expect(link).toHaveAttribute('download', '')
    const answer = await page.request.get(server.url + String(await link.getAttribute('href')))
    expect(answer.status(), t(key)).toBe(200)
    expect((await answer.body()).length, t(key)).toBeGreaterThan(100)
  }
})

for (const count of [2_000, 5_000]) {
  test(`keeps a ladder of ${count} messages small and quick`, async ({ page, t }) => {
    await fake(page, generated(count))
    await page.goto('/calls/1')
    const grid = page.getByRole('grid', { name: t('flow.grid') })
    await expect(grid.getByRole('row', { name: /INFO/ }).first()).toBeVisible()
    expect(await grid.getByRole('row').count()).toBeLessThan(200)
    const scrolled = await scrollThrough(page)
    console.log(`${count} rows: the longest frame while scrolling took ${scrolled.longest.toFixed(1)} ms`)
    expect(scrolled.most).toBeLessThan(200)
    await grid.locator('[tabindex="0"]').focus()
    await page.keyboard.press('End')
    const selected = grid.getByRole('row', { selected: true })
    await expect(selected).toContainText(`CSeq ${count} INFO`)
    await expect(selected).toBeFocused()
    expect(await grid.getByRole('row').count()).toBeLessThan(200)
    await page.keyboard.press('PageUp')
    await expect(selected).not.toContainText(`CSeq ${count} INFO`)
    await page.getByLabel(t('flow.search')).fill(`"seq":${count - 4}}`)
    await expect(grid.getByRole('row', { name: /POST call\.dtmf/ })).toHaveCount(1)
  })
}

test('says when the messages of a call are not kept', async ({ page, t }) => {
  const all = generated(20)
  const flow = { ...all, rows: all.rows.filter((row) => row.kind !== 'sip'), links: [] }
  await fake(page, flow)
  await page.goto('/calls/1')
  await expect(page.getByText(t('flow.no_sip_title'))).toBeVisible()
  await expect(page.getByRole('row', { name: /POST call\.dtmf/ }).first()).toBeVisible()

  await page.unroute(/\/v1\.1\/(calls|cdrs)\/\d+\/flow$/)
  await page.route(/\/v1\.1\/(calls|cdrs)\/\d+\/flow$/, (route) =>
    route.fulfill({ status: 404, json: { code: 'not_found', message: 'Resource not found' } }),
  )
  await page.reload()
  await expect(page.getByText(t('flow.no_sip_title'))).toBeVisible()
  await expect(page.getByRole('grid')).toHaveCount(0)
})

test('shows what peers chose as text, however long and whatever it holds', async ({ page, t }) => {
  const all = generated(1)
  const long = `${HOSTILE}${'x'.repeat(10_000)}`
  const flow: Flow = {
    ...all,
    columns: all.columns.map((column) => ({ ...column, alias: long, address: long })),
    rows: [
      made(1, {
        label: `488 ${long}`,
        detail: long,
        status: 488,
        raw: `SIP/2.0 488 ${long}\r\nUser-Agent: ${long}\r\n\r\n<script>alert(1)</script>`,
      }),
    ],
  }
  await fake(page, flow)
  await page.goto('/calls/1')
  const row = page.getByRole('row', { name: /488/ })
  await expect(row).toBeVisible()
  await row.click()
  const raw = page.getByRole('dialog').getByRole('region', { name: t('flow.raw') })
  await expect(raw).toContainText(`User-Agent: ${long}`)
  await expect(raw).toContainText('<script>alert(1)</script>')
  expect(await page.locator('img').count()).toBe(0)
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(wide).toBeLessThanOrEqual(0)
})

test('grows while the call is up', async ({ page, rest, t }) => {
  let call: LiveCall | undefined
  await expect(async () => {
    const { data } = await rest<List<LiveCall>>('GET', '/calls')
    call = data.find(({ state, dst, duration }) => state === 'RINGING' && dst === '1002' && duration < 1)
    expect(call).toBeDefined()
  }).toPass({ timeout: 50_000, intervals: [100] })
  await page.goto(`/calls/${call?.id}`)
  const grid = page.getByRole('grid', { name: t('flow.grid') })
  await expect(grid.getByRole('row', { name: /INVITE/ }).first()).toBeVisible()
  await grid.locator('[tabindex="0"]').focus()
  await page.keyboard.press('Home')
  const selected = grid.getByRole('row', { selected: true })
  await expect(selected).toBeFocused()
  // It is answered, held, resumed and hung up by itself.
  await expect(grid.getByRole('row', { name: /sendonly/ }).first()).toBeVisible()
  await expect(page.getByText(t('flow.call_disposition_connected'))).toBeVisible()
  // All that came meanwhile, the end too, left the person where they were.
  await expect(selected).toContainText('INVITE (SDP)')
  await expect(selected).toBeFocused()
  await page.keyboard.press('End')
  await expect(grid.getByRole('row', { name: /call\.hangup/ }).first()).toBeVisible()
})
