import type { Locator } from '@playwright/test'

import type { Cdr, Flow } from '../src/api/types'
import { calls, tell, withCalls, withFakeStream } from './fakes'
import { expect, test } from './test'

type Rest = <T>(method: string, path: string, body?: unknown) => Promise<T>

interface List<T> {
  data: T[]
}

/** The office of the demo plays its scenes in turn, after the first of the others. */
const SOON = { timeout: 90_000 }

/** The records of the first root of the demo that has one like this, all of them, the root first. */
async function conversation(rest: Rest, like: (cdr: Cdr) => boolean): Promise<Cdr[]> {
  let found: Cdr[] = []
  await expect(async () => {
    const { data } = await rest<List<Cdr>>('GET', '/cdrs?limit=200')
    const one = data.find(like)
    // The root's own record is the last to be written, but of a transferred call.
    const whole = data.filter(({ root_live_id }) => root_live_id === one?.root_live_id)
    found = whole.sort((a, b) => a.live_id - b.live_id)
    expect(found.length).toBeGreaterThan(1)
    expect(found[0]?.is_root).toBe(true)
  }).toPass(SOON)
  return found
}

/** The aliases over the lines of the picture, from left to right. */
function heads(list: Locator): Promise<string[]> {
  return list
    .getByRole('listitem')
    .evaluateAll((items) => items.map((item) => item.querySelector('bdi')?.textContent ?? ''))
}

test('a call of a queue is one picture of all who were rung', async ({ page, rest, t, look }) => {
  test.setTimeout(150_000)
  const cdrs = await conversation(
    rest,
    ({ context, disposition }) => context === 'QUEUE' && disposition === 'CONNECTED',
  )
  const [queue, declined, answered] = cdrs
  expect(cdrs.map(({ context, dst, disposition }) => [context, dst, disposition])).toEqual([
    ['QUEUE', '34910004000', 'CONNECTED'],
    ['LOCAL_USER', '1005', 'NO ANSWER'],
    ['LOCAL_USER', '1006', 'CONNECTED'],
  ])
  // The page of any call of the root shows the whole.
  await page.goto(`/calls/${declined?.live_id}`)
  const grid = page.getByRole('grid', { name: t('flow.grid') })
  await expect(grid.getByRole('row', { name: /INVITE \(SDP\)/ }).first()).toBeVisible()
  const names = await heads(page.getByRole('list', { name: t('flow.columns') }))
  expect(names.slice(0, 5)).toEqual(['34600111222', 'Offhook', '1005', '1006', 'demo receiver'])
  const family = page.getByRole('table', { name: t('flow.call_all') })
  await expect(family.getByRole('row')).toHaveCount(4)
  await expect(family.locator('[aria-current="true"]')).toContainText('1005')

  const of = (call: Cdr | undefined, context: string) =>
    t('flow.row_call', { id: String(call?.live_id), context })
  const post = (event: string, call: string) =>
    grid
      .getByRole('row')
      .filter({ hasText: `POST ${event}` })
      .filter({ hasText: call })
  const legend = page.getByRole('group', { name: t('flow.legend') })
  for (const [leg, call] of [
    ['A', queue],
    ['B1', declined],
    ['C1', answered],
  ] as const) {
    const name = t('flow.leg_of_call', { leg, call: String(call?.live_id), count: 0 }).replace(/\(0\)/, '')
    await expect(legend.getByRole('button', { name })).toHaveCount(1)
  }
  const search = page.getByLabel(t('flow.search'))
  await search.fill('call.initial')
  await expect(post('call.initial', of(queue, 'QUEUE'))).toHaveCount(1)
  await expect(post('call.initial', of(declined, 'LOCAL_USER'))).toHaveCount(1)
  await expect(post('call.initial', of(answered, 'LOCAL_USER'))).toHaveCount(1)
  await search.fill('call.missed')
  await expect(post('call.missed', of(declined, 'LOCAL_USER'))).toHaveCount(1)
  await search.fill('call.connected')
  await expect(post('call.connected', of(answered, 'LOCAL_USER'))).toHaveCount(1)
  await expect(post('call.connected', of(queue, 'QUEUE'))).toHaveCount(1)
  await search.fill('')
  await grid.evaluate((element) => element.parentElement?.scrollIntoView())
  await look('flow-queue')

  // What is said is what was sent: each call's events, in one sequence.
  const flow = await rest<Flow>('GET', `/calls/${answered?.live_id}/flow`)
  const told = flow.rows.filter(({ label, attempt }) => attempt === 1 && label.startsWith('POST call.'))
  expect(told.map(({ label, call_id, context, seq }) => [seq, label.slice(10), call_id, context])).toEqual(
    [
      ['initial', queue, 'QUEUE'],
      ['initial', declined, 'LOCAL_USER'],
      ['ringing', declined, 'LOCAL_USER'],
      ['missed', declined, 'LOCAL_USER'],
      ['initial', answered, 'LOCAL_USER'],
      ['ringing', answered, 'LOCAL_USER'],
      ['connected', answered, 'LOCAL_USER'],
      ['connected', queue, 'QUEUE'],
      ['hangup', answered, 'LOCAL_USER'],
      ['hangup', queue, 'QUEUE'],
    ].map(([event, call, context], n) => [n + 1, event, (call as Cdr).live_id, context]),
  )
})

test('a transferred call is one picture, from who sent it on to who got it', async ({
  page,
  rest,
  t,
  look,
}) => {
  test.setTimeout(150_000)
  const cdrs = await conversation(rest, ({ cause }) => cause.name === 'BLIND_TRANSFER')
  expect(cdrs.map(({ src, dst, disposition }) => [src, dst, disposition])).toEqual([
    ['1008', '1006', 'CONNECTED'],
    ['1008', '1007', 'CONNECTED'],
  ])
  await page.goto(`/calls/${cdrs[1]?.live_id}`)
  const grid = page.getByRole('grid', { name: t('flow.grid') })
  await expect(grid.getByRole('row', { name: /INVITE \(SDP\)/ }).first()).toBeVisible()
  const names = await heads(page.getByRole('list', { name: t('flow.columns') }))
  expect(names.slice(0, 5)).toEqual(['1008', 'Offhook', '1006', '1007', 'demo receiver'])
  await expect(page.getByRole('table', { name: t('flow.call_all') })).toContainText(
    t('causes.BLIND_TRANSFER'),
  )
  const search = page.getByLabel(t('flow.search'))
  await search.fill('call.hangup')
  const first = grid.getByRole('row').filter({ hasText: 'POST call.hangup' }).first()
  await expect(first).toContainText(
    t('flow.row_call', { id: String(cdrs[0]?.live_id), context: 'LOCAL_USER' }),
  )
  await search.fill('')
  // What ended the first call is what its user asked for.
  const flow = await rest<Flow>('GET', `/calls/${cdrs[0]?.live_id}/flow`)
  const row = (n: number | undefined) => flow.rows.find((one) => one.n === n)
  const end = flow.rows.find(({ label }) => label === 'POST call.hangup')
  const cause = row(flow.links.find(({ to }) => to === end?.n)?.from)
  expect([cause?.label, cause?.leg]).toEqual(['REFER', 'B1'])
  await grid.evaluate((element) => {
    element.parentElement?.scrollIntoView()
  })
  await look('flow-transfer')
})

test('the history shows a conversation as one', async ({ page, rest, t, look }) => {
  test.setTimeout(150_000)
  const cdrs = await conversation(rest, ({ cause }) => cause.name === 'LOSE_RACE')
  const [root, ...members] = cdrs
  const until = encodeURIComponent(`${root?.calldate.replace(' ', 'T')}Z`)
  await page.goto(`/history?to=${until}`)
  const head = page.locator(`tr[data-call="${root?.live_id}"]`)
  await expect(head).toContainText(t('common.context_RG'))
  const at = (n: number) => head.locator(`xpath=following-sibling::tr[${n}]`)
  for (const [n, member] of members.entries()) {
    await expect(at(n + 1)).toHaveAttribute('data-call', String(member.live_id))
    await expect(at(n + 1)).toHaveAttribute('data-inner', 'true')
    await expect(at(n + 1)).toContainText(t('common.part_of', { id: String(root?.live_id) }))
  }
  const lost = members.find(({ cause }) => cause.name === 'LOSE_RACE')
  await expect(page.locator(`tr[data-call="${lost?.live_id}"]`)).toContainText(t('history.result_elsewhere'))
  await look('history-together')
  await page.goto(`/calls/${lost?.live_id}`)
  await expect(page.getByText(t('flow.call_disposition_elsewhere'), { exact: true }).first()).toBeVisible()
})

test('live calls of one conversation stand together', async ({ page, t, look }) => {
  await withFakeStream(page)
  const rows = calls(5, (n) => {
    if (n === 1) return { context: 'QUEUE', queue_state: 'waiting', dst: '4000', dst_name: 'Support' }
    if (n === 3) return { root_id: 2, parent_id: 2, src: '2001', src_name: 'Caller 001' }
    if (n === 4) return { state: 'CONNECTED', referred_by: '1006' }
    return {}
  })
  await withCalls(page, rows)
  await page.goto('/calls')
  const queue = page.locator('tr[data-call="2"]')
  await expect(queue).toContainText(t('calls.queue_waiting'))
  const agent = queue.locator('xpath=following-sibling::tr[1]')
  await expect(agent).toHaveAttribute('data-call', '4')
  await expect(agent).toContainText(t('common.part_of', { id: '2' }))
  await expect(page.locator('tr[data-call="5"]')).toContainText('1006')
  await look('calls-together')
  // It stays where its root is when it changes.
  await tell(page, 'call', { ...rows[3], state: 'CONNECTED' })
  await expect(agent).toContainText('CONNECTED')
  await expect(agent).toHaveAttribute('data-call', '4')
  await tell(page, 'call', { id: 2, root_id: 2, ended: true })
  await expect(page.locator('tr[data-call="4"]')).not.toHaveAttribute('data-inner')
})
