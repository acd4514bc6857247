/** What is searched for in the history: as it stands in the address bar, and as the API is asked. */

import type { Condition } from '../../api/client'
import type { Key } from '../../i18n'
import { holding, type Place, readPlace, readSpan, type Span, within } from '../../ui/listView'
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

export { isFiltered } from '../../ui/listView'

export interface Filters extends Span {
  src: string
  dst: string
  direction: (typeof DIRECTIONS)[number] | ''
  disposition: (typeof DISPOSITIONS)[number] | ''
  context: string
}

export interface View extends Place {
  filters: Filters
  sorting: Sorting
}

/** Reads the address bar; what makes no sense there counts as not given. */
export function readView(params: URLSearchParams): View {
  return {
    ...readPlace(params),
    filters: {
      ...readSpan(params),
      src: params.get('src') ?? '',
      dst: params.get('dst') ?? '',
      direction: DIRECTIONS.find((word) => word === params.get('direction')) ?? '',
      disposition: DISPOSITIONS.find((word) => word === params.get('disposition')) ?? '',
      context: params.get('context') ?? '',
    },
    sorting: readSorting(params.get('sort'), COLUMNS, NEWEST_FIRST),
  }
}

/** The conditions of a search; the API joins them by "and". */
export function conditions(filters: Filters): Condition[] {
  const all = [...within('calldate', filters), ...holding(filters, ['src', 'dst'])]
  if (filters.direction !== '') all.push(['destination', 'eq', filters.direction])
  if (filters.disposition !== '') all.push(['disposition', 'eq', filters.disposition])
  return [...all, ...holding(filters, ['context'])]
}

/** The API's `sort` of a view. */
export function order(view: View): string {
  return writeSorting(view.sorting)
}
