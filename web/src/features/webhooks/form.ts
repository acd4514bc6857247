/** What is typed in the editor, and what of it has to be sent. */

import type { Webhook } from '../../api/types'

/** A line of the headers; `id` keeps a line's inputs in place while others come and go. */
export interface HeaderLine {
  id: number
  name: string
  value: string
}

export interface Values {
  name: string
  url: string
  events: string[]
  contexts: string[]
  order: Webhook['order']
  /** A number, or what was typed that is none. */
  timeout: number | string
  headers: HeaderLine[]
  active: boolean
}

/** What the server takes. */
export type Body = Partial<
  Pick<Webhook, 'name' | 'url' | 'events' | 'contexts' | 'order' | 'headers' | 'active'>
> & { timeout_ms?: number | string }

export const EMPTY: Values = {
  name: '',
  url: 'https://',
  events: [],
  contexts: [],
  order: 'bounded',
  timeout: 10_000,
  headers: [],
  active: true,
}

export function valuesOf(webhook: Webhook): Values {
  return {
    name: webhook.name,
    url: webhook.url,
    events: webhook.events,
    contexts: webhook.contexts,
    order: webhook.order,
    timeout: webhook.timeout_ms,
    headers: Object.entries(webhook.headers).map(([name, value], id) => ({ id, name, value })),
    active: webhook.active,
  }
}

/** All of it, for a new one. */
export function bodyOf(values: Values): Required<Body> {
  return {
    name: values.name.trim(),
    url: values.url.trim(),
    events: values.events,
    contexts: values.contexts,
    order: values.order,
    timeout_ms: values.timeout,
    headers: headersOf(values.headers),
    active: values.active,
  }
}

/** What differs from the webhook as it is; empty when nothing does. */
export function changes(values: Values, webhook: Webhook): Body {
  const now = bodyOf(values)
  const then = bodyOf(valuesOf(webhook))
  const body: Body = {}
  if (now.name !== then.name) body.name = now.name
  if (now.url !== then.url) body.url = now.url
  if (!sameSet(now.events, then.events)) body.events = now.events
  if (!sameSet(now.contexts, then.contexts)) body.contexts = now.contexts
  if (now.order !== then.order) body.order = now.order
  if (now.timeout_ms !== then.timeout_ms) body.timeout_ms = now.timeout_ms
  if (!sameMap(now.headers, then.headers)) body.headers = now.headers
  if (now.active !== then.active) body.active = now.active
  return body
}

/** Whether anything would be lost with a new one's form. */
export function touched(values: Values): boolean {
  return JSON.stringify(bodyOf(values)) !== JSON.stringify(bodyOf(EMPTY))
}

/** A header that stands in two lines; as an object, one of them would be lost without a word. */
export function twice(lines: HeaderLine[]): string | undefined {
  const seen = new Set<string>()
  for (const { name } of lines) {
    const key = name.trim().toLowerCase()
    if (key !== '' && seen.has(key)) return name.trim()
    seen.add(key)
  }
  return undefined
}

function headersOf(lines: HeaderLine[]): Record<string, string> {
  const filled = lines.filter(({ name, value }) => name.trim() !== '' || value.trim() !== '')
  return Object.fromEntries(filled.map(({ name, value }) => [name.trim(), value.trim()]))
}

function sameSet(a: string[], b: string[]): boolean {
  return a.length === b.length && new Set([...a, ...b]).size === new Set(a).size
}

function sameMap(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
