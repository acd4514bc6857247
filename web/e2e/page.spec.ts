/** What the binary sends a browser: few scripts, kept for good, under a strict policy. */

import { expect, test } from './test'

/** Octets of script, compressed, that the first view may take. */
const SCRIPT = 250_000

test('the first view takes few octets of script', async ({ page, t }) => {
  await page.goto('/calls')
  await expect(page.getByRole('heading', { name: t('calls.title') })).toBeVisible()
  const scripts = await page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter(({ name }) => name.endsWith('.js'))
      .map(({ name, encodedBodySize }) => ({ name, encodedBodySize })),
  )
  expect(scripts.length).toBeGreaterThan(0)
  const octets = scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)
  const ready = await page.evaluate(() => performance.now())
  console.log(
    `first view: ${octets} octets of script in ${scripts.length} files, shown within ${Math.round(ready)} ms`,
  )
  expect(octets).toBeGreaterThan(0)
  expect(octets).toBeLessThan(SCRIPT)
})

test('files with a hash in their name are kept for good, the page itself never', async ({
  page,
  request,
}) => {
  const asset = page.waitForResponse((response) => response.url().endsWith('.js'))
  const document = await page.goto('/')
  const policy = document?.headers()['content-security-policy'] ?? ''
  expect(policy).toContain("default-src 'self'")
  expect(policy).not.toContain('unsafe')
  expect(document?.headers()['cache-control']).toBe('no-store')
  const script = await asset
  expect(script.headers()['cache-control']).toContain('immutable')
  expect(script.headers()['content-encoding']).toBe('gzip')
  const icon = await request.get('/icon.svg')
  const again = await request.get('/icon.svg', { headers: { 'If-None-Match': icon.headers().etag ?? '' } })
  expect(again.status()).toBe(304)
})

test('a screen is found by its address, and a wrong address says so', async ({ page, t }) => {
  await page.goto('/nowhere')
  await expect(page.getByText(t('common.no_page'))).toBeVisible()
  await page.goto('/')
  await expect(page).toHaveURL(/\/(calls|welcome)$/)
})

test('the page leads to the notices of all that the program contains', async ({ page, request, t }) => {
  await page.goto('/calls')
  const link = page.getByRole('link', { name: t('common.licenses') })
  const notices = await request.get((await link.getAttribute('href')) ?? '')
  expect(notices.status()).toBe(200)
  expect(notices.headers()['content-type']).toMatch(/^text\/plain/)
  const text = await notices.text()
  for (const name of ['Apache License 2.0', 'LAME', '## wavesurfer.js', '## @mantine/core']) {
    expect(text).toContain(name)
  }
})
