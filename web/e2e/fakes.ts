/** Stands in front of the server for what a demo cannot be made to show: many calls, hostile names, a new server. */

import type { Page } from '@playwright/test'

import type { LiveCall } from '../src/api/types'
import { call } from '../src/features/calls/testing'

/** Names that nobody should be able to do anything with. */
export const HOSTILE = {
  script: '<script>alert(1)</script>',
  image: '<img src=x onerror=alert(1)>',
  reversed: 'txt\u202Egpj.exe',
  word: 'w'.repeat(10_000),
}

/** Answers the list of live calls. */
export async function withCalls(page: Page, calls: LiveCall[]): Promise<void> {
  await page.route('**/v1.1/calls?**', (route) =>
    route.fulfill({ json: { data: calls, total: calls.length } }),
  )
}

/** In place of the stream: one that a test can speak through, `window.tell(type, data)`. */
export async function withFakeStream(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const sources = new Set<EventTarget>()
    class FakeSource extends EventTarget {
      readyState = 1
      constructor() {
        super()
        sources.add(this)
        setTimeout(() => this.dispatchEvent(new Event('open')))
      }
      close() {
        sources.delete(this)
      }
    }
    const tell = (type: string, data: unknown) => {
      for (const source of sources) {
        source.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data), lastEventId: '' }))
      }
    }
    Object.assign(window, { EventSource: FakeSource, tell })
  })
}

/** Says something through the fake stream. */
export async function tell(page: Page, type: string, data: unknown): Promise<void> {
  await page.evaluate(
    ([name, body]) => (window as unknown as { tell: (type: string, data: unknown) => void }).tell(name, body),
    [type, data] as const,
  )
}

export function calls(count: number, given: (n: number) => Partial<LiveCall> = () => ({})): LiveCall[] {
  const now = Math.floor(Date.now() / 1000)
  return Array.from({ length: count }, (_, n) =>
    call({
      id: n + 1,
      src: String(2_000 + n),
      src_name: `Caller ${String(n).padStart(3, '0')}`,
      dst: String(5_000 + n),
      dst_name: `Called ${String(n).padStart(3, '0')}`,
      start_time: now - n,
      ...given(n),
    }),
  )
}

/** How far the document can be scrolled sideways, which it must not. */
export async function sideways(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}
