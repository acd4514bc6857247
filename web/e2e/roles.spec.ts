/** A user sees their own calls and nothing of the administration. */

import { expect, test } from './test'

test.use({ storageState: { cookies: [], origins: [] } })

test('a user who is no admin has live calls and history only', async ({ page, rest, t, unique, look }) => {
  const ext = unique(90)
  const email = `plain-${ext}@example.org`
  const { data } = await rest<{ data: { id: number } }>('POST', '/users', {
    first_name: 'Plain',
    email,
    ext,
    password: 'correct horse battery',
  })
  await page.goto('/')
  await page.getByLabel(t('session.email')).fill(email)
  await page.locator('input[type=password]').fill('correct horse battery')
  await page.getByRole('button', { name: t('session.sign_in') }).click()
  await expect(page.getByRole('heading', { name: t('calls.title') })).toBeVisible()
  await expect(page.getByRole('link', { name: t('common.nav_history') })).toBeVisible()
  for (const hidden of [
    'common.nav_webhooks',
    'common.nav_deliveries',
    'common.nav_people',
    'common.nav_sounds',
  ] as const) {
    await expect(page.getByRole('link', { name: t(hidden), exact: true })).toHaveCount(0)
  }
  await page.getByRole('link', { name: t('common.nav_history') }).click()
  await expect(page.getByRole('heading', { name: t('history.title') })).toBeVisible()
  await look('history-of-a-user')
  await page.goto('/webhooks')
  await expect(page.getByText(t('common.no_page'))).toBeVisible()
  await rest('DELETE', `/users/${data.id}`)
})
