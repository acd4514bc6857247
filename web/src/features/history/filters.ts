/** What is searched for in the history: as it stands in the address bar, and as the API is asked. */

import type { Condition } from '../../api/client'
import type { Key } from '../../i18n'
import { contract, readInstant } from '../../ui/instant'
import { readSorting, writeSorting } from '../../ui/sorting'
import type { Sorting } from '../../ui/SortHeader'

export const DISPOSITIONS = ['CONNECTED', 'NO ANSWER', 'BUSY', 'FAILED'] as const
/** What the results are called. */
export const RESULTS: Record<(typeof DISPOSITIONS)[number], Key> = {
  CONNECTED: 'history.result_connected',
  'NO ANSWER': 'history.result_no_answer',
  BUSY: 'history.result_busy',
  FAILED: 'history.result_failed',
}
export const DIRECTIONS = ['in', 'out'] as const
export const SIZES = [25, 50, 100] as const
export const COLUMNS = [
  'calldate',
  'src',
  'dst',
  'destination',
  'context',
  'duration',
  'billsec',
  'disposition',
] as const

const NEWEST_FIRST: Sorting = { column: 'calldate', descending: true }

export interface Filters {
  /** RFC 3339 in UTC, so that a link shows the same to somebody in another zone; '' for no bound. */
  from: string
  to: string
  src: string
  dst: string
  direction: (typeof DIRECTIONS)[number] | ''
  disposition: (typeof DISPOSITIONS)[number] | ''
  context: string
}

export interface View {
  filters: Filters
  page: number
  size: (typeof SIZES)[number]
  sorting: Sorting
}

/** Reads the address bar; what makes no sense there counts as not given. */
export function readView(params: URLSearchParams): View {
  const page = Number(params.get('page'))
  const size = Number(params.get('size'))
  return {
    filters: {
      from: readInstant(params.get('from')),
      to: readInstant(params.get('to')),
      src: params.get('src') ?? '',
      dst: params.get('dst') ?? '',
      direction: DIRECTIONS.find((word) => word === params.get('direction')) ?? '',
      disposition: DISPOSITIONS.find((word) => word === params.get('disposition')) ?? '',
      context: params.get('context') ?? '',
    },
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
    size: SIZES.find((known) => known === size) ?? SIZES[0],
    sorting: readSorting(params.get('sort'), COLUMNS, NEWEST_FIRST),
  }
}

/** The conditions of a search; the API joins them by "and". */
export function conditions(filters: Filters): Condition[] {
  const all: Condition[] = []
  if (filters.from !== '') all.push(['calldate', 'gte', contract(filters.from)])
  if (filters.to !== '') all.push(['calldate', 'lte', contract(filters.to)])
  if (filters.src !== '') all.push(['src', 'like', filters.src])
  if (filters.dst !== '') all.push(['dst', 'like', filters.dst])
  if (filters.direction !== '') all.push(['destination', 'eq', filters.direction])
  if (filters.disposition !== '') all.push(['disposition', 'eq', filters.disposition])
  if (filters.context !== '') all.push(['context', 'like', filters.context])
  return all
}

/** The API's `sort` of a view. */
export function order(view: View): string {
  return writeSorting(view.sorting)
}

export function isFiltered(filters: Filters): boolean {
  return Object.values(filters).some((value) => value !== '')
}
