/** What every test of the page has: the demo, the texts of its language, and eyes for what must never be there. */

import { join } from 'node:path'

import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page, test as base } from '@playwright/test'

import type { Key, Language } from '../src/i18n/catalogue'
import { translate, translateCount, type Values } from '../src/i18n/translate'
import { type Demo, demo, SCREENS } from './demo'

const PHONE = { width: 390, height: 800 }

interface Fixtures {
  server: Demo
  language: Language
  /** The text of a key in the language of this run. */
  t: (key: Key, values?: Values) => string
  tn: (key: string, count: number, values?: Values) => string
  /** A request to the REST API as the admin, past the page. */
  rest: <T>(method: string, path: string, body?: unknown) => Promise<T>
  /** A number of three digits for names and extensions that no other test uses. */
  unique: (n: number) => string
  /** Looks at the page in light, in dark and as wide as a phone: axe finds nothing serious. Screenshots are kept. */
  look: (name: string) => Promise<void>
}

export const test = base.extend<Fixtures>({
  baseURL: async ({}, use) => use(demo().url),
  server: async ({}, use) => use(demo()),
  language: async ({}, use, info) => use(info.project.name === 'es' ? 'es' : 'en'),
  t: async ({ language }, use) => use((key, values) => translate(language, key, values)),
  tn: async ({ language }, use) => use((key, count, values) => translateCount(language, key, count, values)),
  rest: async ({ server }, use) => {
    await use(async (method, path, body) => {
      const answer = await fetch(`${server.url}/v1.1${path}`, {
        method,
        headers: { 'X-Auth-Token': server.token, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
      return (answer.status === 204 ? undefined : await answer.json()) as never
    })
  },
  unique: async ({ language }, use) =>
    use((n) => `${language === 'es' ? 7 : 6}${String(n).padStart(2, '0')}`),
  look: async ({ page, language }, use) => {
    await use(async (name) => {
      const html = page.locator('html')
      // Without motion: what is half way between two colours has too little contrast.
      await page.emulateMedia({ reducedMotion: 'reduce' })
      await page.screenshot({ path: join(SCREENS, `${name}-${language}.png`) })
      await accessible(page, name)
      await page.emulateMedia({ colorScheme: 'dark' })
      await expect(html).toHaveAttribute('data-mantine-color-scheme', 'dark')
      await page.screenshot({ path: join(SCREENS, `${name}-dark-${language}.png`) })
      await accessible(page, `${name} in dark`)
      await page.emulateMedia({ colorScheme: 'light' })
      await expect(html).toHaveAttribute('data-mantine-color-scheme', 'light')
      const wide = page.viewportSize()
      if (wide === null) return
      await page.setViewportSize(PHONE)
      await page.screenshot({ path: join(SCREENS, `${name}-phone-${language}.png`) })
      await accessible(page, `${name} on a phone`)
      await page.setViewportSize(wide)
      await page.emulateMedia({ reducedMotion: null })
    })
  },
  page: async ({ page, server }, use) => {
    const faults = watch(page, server.url)
    await use(page)
    expect(faults(), 'dialogs, foreign requests, breaches of the policy, errors').toEqual([])
  },
})

/** Axe finds nothing serious. */
async function accessible(page: Page, name: string): Promise<void> {
  const found = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
    // It would copy the styles of a shadow tree into one of its own, which our policy does not let it.
    .options({ preload: false })
    .analyze()
  const serious = found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect
    .soft(
      serious.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`,
      ),
      name,
    )
    .toEqual([])
}

/** What no test of the page may ever see. */
function watch(page: Page, url: string): () => string[] {
  const faults: string[] = []
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    const to = request.url()
    if (
      !to.startsWith(url) &&
      !to.startsWith('http://127.0.0.1:') &&
      !to.startsWith('data:') &&
      !to.startsWith('blob:')
    )
      faults.push(`request: ${to}`)
  })
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text())
  })
  return () => faults
}

export { expect } from '@playwright/test'
