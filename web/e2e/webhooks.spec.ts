/** The webhooks' list and editor against the real server, whose receiver at `/ok` accepts anything. */

import { createServer, type Server } from 'node:net'

import type { Page } from '@playwright/test'

import type { Webhook } from '../src/api/types'
import { isolate } from '../src/ui/isolate'
import { expect, test } from './test'

interface One {
  data: Webhook
}

/** No call ever brings this event: such a webhook gets tests only, and stays out of the way of others. */
const QUIET = 'call.dtmf'

const status = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text })

/** Takes connections and never says a word. */
async function silent(): Promise<{ server: Server; url: string }> {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { server, url: `https://127.0.0.1:${address.port}/hook` }
}

test('the list tells of each webhook and of the addresses our requests come from', async ({
  page,
  t,
  rest,
  look,
}) => {
  const { data } = await rest<{ data: { egress_addresses: string[] } }>('GET', '/integrations/webhooks')
  await page.goto('/webhooks')
  const card = page
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name: 'demo receiver', exact: true }) })
  await expect(card.getByText('call.state_change')).toBeVisible()
  await expect(card.getByText(t('webhooks.active'), { exact: true }).first()).toBeVisible()
  await expect(page.getByText(data.egress_addresses[0] ?? '')).toBeVisible()
  await expect(page.getByRole('button', { name: t('webhooks.egress_copy') })).toBeVisible()
  await look('webhooks')
})

test('one is made: refused, given up, accepted, and nothing typed is lost on the way', async ({
  page,
  server,
  t,
  rest,
  unique,
  look,
}) => {
  const name = `made ${unique(31)}`
  await page.goto('/webhooks')
  await page.getByRole('link', { name: t('webhooks.add') }).click()
  await expect(page.getByRole('heading', { name: t('webhooks.new_title') })).toBeVisible()
  const secret = await page.getByLabel(t('webhooks.secret'), { exact: true }).inputValue()
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  const url = page.getByLabel(t('webhooks.url'))
  const save = page.getByRole('button', { name: t('common.save') })
  await page.getByRole('textbox', { name: t('webhooks.name'), exact: true }).fill(name)

  // What the server finds wrong stands at its field.
  await url.fill('http://127.0.0.1/')
  await page.getByRole('button', { name: t('webhooks.header_add') }).click()
  await page.getByLabel(t('webhooks.header_name', { n: 1 })).fill('Host')
  await page.getByLabel(t('webhooks.header_value', { n: 1 })).fill('elsewhere')
  await save.click()
  await expect(url).toHaveAccessibleDescription(new RegExp(escape(t('webhooks.reason_https'))))
  await expect(page.getByText(t('webhooks.reason_no_event'))).toBeVisible()
  await expect(page.getByText(t('webhooks.reason_header_ours'))).toBeVisible()
  await page.getByRole('button', { name: t('webhooks.header_remove', { n: 1 }) }).click()
  await page.getByRole('checkbox', { name: QUIET }).check()

  // Nothing listens there: the reason in words, and both sides of the test.
  await url.fill('https://127.0.0.1:1/hook')
  await save.click()
  await expect(url).toHaveAccessibleDescription(
    new RegExp(escape(t('webhooks.reason_refused', { to: isolate('127.0.0.1:1') }))),
  )
  await expect(page.getByText(t('webhooks.tried'))).toBeVisible()
  await expect(page.getByText('webhook-signature:')).toBeVisible()
  // Under the pointer the button has another shade.
  await page.mouse.move(0, 0)
  await look('webhook-editor')

  // One that never answers can be given up.
  const { server: hanging, url: hangs } = await silent()
  await url.fill(hangs)
  await save.click()
  await expect(page.getByText(t('webhooks.elapsed', { seconds: 2, most: 10 }))).toBeVisible()
  await page.getByRole('button', { name: t('common.cancel') }).click()
  await expect(status(page, t('webhooks.cancelled'))).toBeVisible()
  hanging.close()
  await expect(page.getByRole('textbox', { name: t('webhooks.name'), exact: true })).toHaveValue(name)
  await expect(page.getByRole('checkbox', { name: QUIET })).toBeChecked()

  await url.fill(`${server.receiver}/ok`)
  await save.click()
  await expect(status(page, t('webhooks.saved'))).toBeVisible()
  // Its secret is not lost by one click.
  await expect(page.getByText(secret)).toBeVisible()
  await page.getByRole('link', { name: t('webhooks.go_on') }).click()
  await expect(page.getByRole('dialog').getByText(t('webhooks.leave_secret'))).toBeVisible()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: t('common.cancel') })
    .click()
  await page.getByRole('button', { name: t('webhooks.secret_kept') }).click()
  await expect(page.getByText(secret)).toHaveCount(0)
  await page.getByRole('link', { name: t('webhooks.go_on') }).click()
  await expect(
    page.getByRole('heading', { name: t('webhooks.edit_of', { name: isolate(name) }) }),
  ).toBeVisible()

  // It is deleted by its name only.
  await page.getByRole('button', { name: t('common.delete') }).click()
  const dialog = page.getByRole('dialog')
  const remove = dialog.getByRole('button', { name: t('common.delete') })
  await expect(remove).toBeDisabled()
  await dialog.getByLabel(t('common.type_name', { name })).fill(name)
  await remove.click()
  await expect(page).toHaveURL(/\/webhooks$/)
  await expect(page.getByRole('link', { name, exact: true })).toHaveCount(0)
  const { data } = await rest<{ data: Webhook[] }>('GET', '/webhooks?limit=1000')
  expect(data.filter((webhook) => webhook.name === name)).toEqual([])
})

test.describe('one that is there', () => {
  let webhook: Webhook

  test.beforeEach(async ({ rest, server, unique }, info) => {
    const body = {
      name: `there ${unique(32)} ${info.title.length}`,
      url: `${server.receiver}/ok`,
      // An exact name, which has no box of its own.
      events: [QUIET, 'webhook.disabled'],
      headers: { 'X-Key': 'one' },
    }
    webhook = (await rest<One>('POST', '/webhooks', body)).data
  })

  test.afterEach(async ({ rest }) => {
    await rest('DELETE', `/webhooks/${webhook.id}`).catch(() => undefined)
  })

  test('is altered, and keeps what the form has no box for', async ({ page, t, rest }) => {
    await page.goto(`/webhooks/${webhook.id}`)
    await expect(page.getByText(t('webhooks.waiting'))).toBeVisible()
    await expect(page.getByRole('checkbox', { name: 'webhook.disabled' })).toBeChecked()
    await page.getByRole('checkbox', { name: 'monitor.audio_ready' }).check()
    await page.getByRole('checkbox', { name: 'LOCAL_USER' }).check()
    await page.getByLabel(t('webhooks.context_add')).fill('12')
    await page.getByRole('button', { name: t('common.add'), exact: true }).click()
    await page.getByRole('radio', { name: t('webhooks.order_strict') }).check()
    await page.getByLabel(t('webhooks.timeout')).fill('5000')
    await page.getByRole('button', { name: t('webhooks.header_add') }).click()
    await page.getByLabel(t('webhooks.header_name', { n: 2 })).fill('X-Two')
    await page.getByLabel(t('webhooks.header_value', { n: 2 })).fill('2')
    await page.getByRole('button', { name: t('common.save') }).click()
    await expect(status(page, t('webhooks.saved_text'))).toBeVisible()
    await expect(page.getByText(t('webhooks.nothing_to_save'))).toBeVisible()
    const { data } = await rest<One>('GET', `/webhooks/${webhook.id}`)
    expect(new Set(data.events)).toEqual(new Set([QUIET, 'webhook.disabled', 'monitor.audio_ready']))
    expect(new Set(data.contexts)).toEqual(new Set(['LOCAL_USER', 'RG-12']))
    expect(data).toMatchObject({
      order: 'strict',
      timeout_ms: 5_000,
      headers: { 'X-Key': 'one', 'X-Two': '2' },
      url: webhook.url,
    })
  })

  test('is tested for a new address only', async ({ page, t }) => {
    await page.goto(`/webhooks/${webhook.id}`)
    await page.getByLabel(t('webhooks.url')).fill(`${webhook.url}?again`)
    await expect(page.getByText(t('webhooks.will_ask'))).toBeVisible()
    await page.getByRole('button', { name: t('common.save') }).click()
    await expect(status(page, t('webhooks.saved'))).toBeVisible()
    await page.getByRole('textbox', { name: t('webhooks.name'), exact: true }).fill(`${webhook.name} x`)
    await expect(page.getByText(t('webhooks.unsaved'))).toBeVisible()
    await page.getByRole('button', { name: t('common.save') }).click()
    await expect(status(page, t('webhooks.saved_text'))).toBeVisible()
  })

  test('is not left with changes unless that is confirmed', async ({ page, t }) => {
    await page.goto('/webhooks')
    await page.getByRole('link', { name: webhook.name, exact: true }).click()
    const name = page.getByRole('textbox', { name: t('webhooks.name'), exact: true })
    await name.fill('changed')
    await page.getByRole('link', { name: t('common.nav_deliveries'), exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: t('common.cancel') }).click()
    await expect(name).toHaveValue('changed')
    await page.goBack()
    await dialog.getByRole('button', { name: t('common.cancel') }).click()
    await expect(page).toHaveURL(new RegExp(`/webhooks/${webhook.id}$`))
    await expect(name).toHaveValue('changed')
    await page.goBack()
    await dialog.getByRole('button', { name: t('webhooks.leave_do') }).click()
    await expect(page).toHaveURL(/\/webhooks$/)
    await page.getByRole('link', { name: webhook.name, exact: true }).click()
    await name.fill('changed')
    await page.getByRole('link', { name: t('common.nav_deliveries'), exact: true }).click()
    await dialog.getByRole('button', { name: t('webhooks.leave_do') }).click()
    await expect(page.getByRole('heading', { name: t('deliveries.title'), level: 1 })).toBeVisible()

    // The page that was left stands once in the history, and so does one that was saved.
    await page.goBack()
    await expect(page).toHaveURL(new RegExp(`/webhooks/${webhook.id}$`))
    await name.fill(`${webhook.name} again`)
    await page.getByRole('button', { name: t('common.save') }).click()
    await expect(status(page, t('webhooks.saved_text'))).toBeVisible()
    await page.goBack()
    await expect(page).toHaveURL(/\/webhooks$/)
  })

  test('is saved once the person has signed in again', async ({ page, t, rest }) => {
    await page.goto(`/webhooks/${webhook.id}`)
    const name = `${webhook.name} renewed`
    await page.getByRole('textbox', { name: t('webhooks.name'), exact: true }).fill(name)
    // The cookie is everybody's in these tests, so the answers of a lapsed session are made up.
    let lapsed = true
    await page.route(`**/v1.1/webhooks/${webhook.id}`, async (route) => {
      if (!lapsed || route.request().method() !== 'PATCH') return route.fallback()
      await route.fulfill({ status: 401, json: { code: 'unauthorized', message: 'no', errors: [] } })
    })
    await page.route('**/v1.1/me', (route) =>
      lapsed
        ? route.fulfill({ status: 401, json: { code: 'unauthorized', message: 'no', errors: [] } })
        : route.fallback(),
    )
    await page.route('**/v1.1/session', async (route) => {
      lapsed = false
      await route.fulfill({ status: 204 })
    })
    await page.getByRole('button', { name: t('common.save') }).click()
    const dialog = page.getByRole('dialog', { name: t('session.lapsed') })
    await dialog.getByRole('textbox', { name: t('session.password') }).fill('secret')
    await dialog.getByRole('button', { name: t('session.sign_in') }).click()
    await expect(status(page, t('webhooks.saved_text'))).toBeVisible()
    expect((await rest<One>('GET', `/webhooks/${webhook.id}`)).data.name).toBe(name)
  })

  test('is tested, with both sides of it shown', async ({ page, t }) => {
    await page.goto('/webhooks')
    await page.getByRole('button', { name: t('webhooks.test_of', { name: isolate(webhook.name) }) }).click()
    const dialog = page.getByRole('dialog')
    await expect(dialog.getByText(t('webhooks.test_passed'))).toBeVisible()
    await expect(dialog.getByText('webhook-signature:')).toBeVisible()
    await dialog.getByRole('tab', { name: t('common.response') }).click()
    await expect(dialog.getByText('content-length:')).toBeVisible()
    await dialog
      .getByRole('button', { name: t('common.close') })
      .last()
      .click()
    await expect(dialog).toHaveCount(0)
  })

  test('is switched off and on in the list', async ({ page, t, rest }) => {
    await page.goto('/webhooks')
    const card = page
      .getByRole('listitem')
      .filter({ has: page.getByRole('link', { name: webhook.name, exact: true }) })
    const active = card.getByRole('switch')
    // By mouse, then by keyboard.
    await active.click({ force: true })
    await expect(card.getByText(t('webhooks.off'), { exact: true })).toBeVisible()
    await expect(card.getByText(t('webhooks.off_about'))).toBeVisible()
    expect((await rest<One>('GET', `/webhooks/${webhook.id}`)).data.active).toBe(false)
    await active.press('Space')
    await expect(card.getByText(t('webhooks.off_about'))).toHaveCount(0)
    expect((await rest<One>('GET', `/webhooks/${webhook.id}`)).data.active).toBe(true)
  })

  test('gets a new secret, shown once', async ({ page, t }) => {
    await page.goto(`/webhooks/${webhook.id}`)
    await page.getByRole('button', { name: t('webhooks.rotate'), exact: true }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: t('webhooks.rotate_do') })
      .click()
    const shown = page.getByTestId('secret')
    await expect(shown).toHaveText(/^whsec_[A-Za-z0-9+/]{43}=$/)
    await expect(page.getByText(t('webhooks.rotated_text'))).toBeVisible()
    await page.getByRole('link', { name: t('common.nav_deliveries'), exact: true }).click()
    const leaving = page.getByRole('dialog', { name: t('webhooks.leave_title') })
    await expect(leaving.getByText(t('webhooks.leave_secret'))).toBeVisible()
    await leaving.getByRole('button', { name: t('common.cancel') }).click()
    await expect(shown).toBeVisible()
    await page.getByRole('button', { name: t('webhooks.secret_kept') }).click()
    await expect(shown).toHaveCount(0)
  })

  test('recovers nothing where nothing failed', async ({ page, t }) => {
    await page.goto(`/webhooks/${webhook.id}`)
    await page.getByRole('button', { name: t('webhooks.recover_count'), exact: true }).click()
    await expect(status(page, t('webhooks.recover_none'))).toBeVisible()
  })
})

test('what was sent is counted, and sent again once that is confirmed', async ({ page, t, rest }) => {
  const { data } = await rest<{ data: Webhook[] }>('GET', '/webhooks?limit=1000')
  const receiver = data.find(({ name }) => name === 'demo receiver')
  await page.goto(`/webhooks/${receiver?.id ?? 0}`)
  // Of this minute and the last, so that the demo is not flooded.
  const since = await page.evaluate(() => {
    const at = new Date(Date.now() - 60_000)
    return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
  })
  await page.getByLabel(t('webhooks.recover_since')).fill(since)
  await page.getByRole('radio', { name: t('webhooks.recover_all') }).check()
  await expect(async () => {
    await page.getByRole('button', { name: t('webhooks.recover_count'), exact: true }).click()
    await expect(page.getByRole('dialog')).toBeVisible({ timeout: 3_000 })
  }).toPass()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: t('webhooks.recover_do') })
    .click()
  await expect(status(page, t('webhooks.recovered_other', { count: 0 }).replace(/^0 /, ''))).toBeVisible()
})

test('all webhooks are switched off and on', async ({ page, t, rest, language }) => {
  // Both languages share one server: one of them does it, the other sees what the server would answer.
  const { data } = await rest<{ data: { egress_addresses: string[] } }>('GET', '/integrations/webhooks')
  if (language === 'es') {
    let enabled = true
    await page.route('**/v1.1/integrations/webhooks', async (route) => {
      const body = route.request().postDataJSON() as { enabled: boolean } | null
      if (body !== null) enabled = body.enabled
      await route.fulfill({ json: { data: { ...data, enabled } } })
    })
  }
  await page.goto('/webhooks')
  const all = page.getByRole('switch', { name: t('webhooks.all_active') })
  await expect(all).toBeChecked()
  try {
    await all.click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: t('webhooks.all_off_do') })
      .click()
    await expect(page.getByText(t('webhooks.all_off'))).toBeVisible()
    await expect(page.getByRole('dialog')).toHaveCount(0)
    await all.click()
    await expect(page.getByText(t('webhooks.all_on'))).toBeVisible()
  } finally {
    if (language === 'en') await rest('PATCH', '/integrations/webhooks', { enabled: true })
  }
})

test('without any, the list says what one is', async ({ page, t }) => {
  await page.route('**/v1.1/webhooks?*', (route) => route.fulfill({ json: { data: [], total: 0 } }))
  await page.goto('/webhooks')
  await expect(page.getByText(t('webhooks.none_text'))).toBeVisible()
  await expect(page.getByRole('link', { name: t('webhooks.none_add') })).toBeVisible()
})

test('names and addresses of peers are text, however long or wrong-way-round', async ({ page, t }) => {
  const nasty = `<img src=x onerror=alert(1)>\u202e${'x'.repeat(70)}`
  const webhook: Webhook = {
    id: 77,
    name: nasty,
    url: `https://a.example/${'y'.repeat(1_900)}`,
    events: ['call.state_change'],
    contexts: [],
    active: true,
    state: 'disabled',
    disabled_reason: 'the receiver answered 410 Gone',
    order: 'none',
    timeout_ms: 1_000,
    headers: {},
    created_at: '2026-01-01 00:00:00',
    last_delivery_at: null,
  }
  await page.route('**/v1.1/webhooks?*', (route) => route.fulfill({ json: { data: [webhook], total: 1 } }))
  await page.setViewportSize({ width: 390, height: 800 })
  await page.goto('/webhooks')
  await expect(page.getByText(t('webhooks.disabled'), { exact: true })).toBeVisible()
  await expect(page.getByText(t('webhooks.reason_status', { status: isolate('410 Gone') }))).toBeVisible()
  await expect(page.getByText('<img src=x onerror=alert(1)>')).toBeVisible()
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
  expect(wide, 'the page scrolls sideways').toBe(false)
})

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
