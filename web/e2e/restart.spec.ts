/** A server that is killed and started again under an open page. */

import { freePort, Server } from './serve'
import { expect, test } from './test'

test.use({ storageState: { cookies: [], origins: [] } })

let server: Server
test.beforeEach(async () => {
  server = await Server.start()
})
test.afterEach(async () => server.end())

test('an open page says that the server is away, connects again and catches up', async ({ page, t }) => {
  await page.goto(server.link)
  await expect(page.getByText(t('common.stream_live'), { exact: true })).toBeVisible()
  await page.goto(`${server.url}/users`)
  await expect(page.getByRole('heading', { name: t('people.title') })).toBeVisible()
  await expect(page.getByText(t('common.stream_live'), { exact: true })).toBeVisible()

  await server.kill()
  await expect(page.getByText(t('common.stream_away'))).toBeVisible()
  // Meanwhile something changes that no message of the stream will tell.
  const elsewhere = await freePort()
  await server.start(elsewhere)
  const url = `http://127.0.0.1:${elsewhere}/v1.1`
  const login = await fetch(`${url}/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: 'admin@localhost', password: server.password }),
  })
  const { user_token: token } = (await login.json()) as { user_token: string }
  const made = await fetch(`${url}/users`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Auth-Token': token },
    body: JSON.stringify({ first_name: 'Latecomer', email: 'late@example.org', ext: '2001' }),
  })
  expect(made.status).toBe(201)
  await server.kill()

  await server.start()
  await expect(page.getByText(t('common.stream_live'), { exact: true })).toBeVisible()
  await expect(page.getByText('Latecomer').first()).toBeVisible()
})
