/** What the address bars of all lists of calls and of their sounds have in common. */

import type { Condition } from '../api/client'
import { contract, readInstant } from './instant'

export const SIZES = [25, 50, 100] as const

/** Which page of a list. */
export interface Place {
  page: number
  size: (typeof SIZES)[number]
}

/** Bounds in time: RFC 3339 in UTC, so that a link shows the same to somebody in another zone; '' for none. */
export interface Span {
  from: string
  to: string
}

/** What makes no sense in an address counts as not given. */
export function readPlace(params: URLSearchParams): Place {
  const page = Number(params.get('page'))
  const size = Number(params.get('size'))
  return {
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
    size: SIZES.find((known) => known === size) ?? SIZES[0],
  }
}

export function readSpan(params: URLSearchParams): Span {
  return { from: readInstant(params.get('from')), to: readInstant(params.get('to')) }
}

export function readId(text: string | null): number | null {
  return text !== null && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null
}

/** The conditions of a span on a column. */
export function within(column: string, { from, to }: Span): Condition[] {
  const all: Condition[] = []
  if (from !== '') all.push([column, 'gte', contract(from)])
  if (to !== '') all.push([column, 'lte', contract(to)])
  return all
}

/** A condition for each of these filters that has a text: its column holds the text. */
export function holding<Name extends string>(filters: Record<Name, string>, names: Name[]): Condition[] {
  return names.filter((name) => filters[name] !== '').map((name): Condition => [name, 'like', filters[name]])
}

export function isFiltered(filters: object): boolean {
  return Object.values(filters).some((value) => value !== '')
}
