/** What is searched for among the recordings: as it stands in the address bar, and as the API is asked. */

import type { Condition } from '../../api/client'
import { contract, readInstant } from '../../ui/instant'
import { readSorting, writeSorting } from '../../ui/sorting'
import type { Sorting } from '../../ui/SortHeader'

export const SIZES = [25, 50, 100] as const
export const COLUMNS = ['timestamp', 'caller', 'called', 'duration', 'size'] as const

const NEWEST_FIRST: Sorting = { column: 'timestamp', descending: true }

export interface Filters {
  /** RFC 3339 in UTC; '' for no bound. */
  from: string
  to: string
  caller: string
  called: string
  /** Id of the user whose recordings they are; '' for all. */
  user: string
}

export interface View {
  filters: Filters
  page: number
  size: (typeof SIZES)[number]
  sorting: Sorting
  /** The recording that is open for listening. */
  open: number | null
}

/** Reads the address bar; what makes no sense there counts as not given. */
export function readView(params: URLSearchParams): View {
  const page = Number(params.get('page'))
  const size = Number(params.get('size'))
  return {
    filters: {
      from: readInstant(params.get('from')),
      to: readInstant(params.get('to')),
      caller: params.get('caller') ?? '',
      called: params.get('called') ?? '',
      user: readId(params.get('user'))?.toString() ?? '',
    },
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
    size: SIZES.find((known) => known === size) ?? SIZES[0],
    sorting: readSorting(params.get('sort'), COLUMNS, NEWEST_FIRST),
    open: readId(params.get('open')),
  }
}

export function readId(text: string | null): number | null {
  return text !== null && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null
}

/** The conditions of a search; the API joins them by "and". */
export function conditions(filters: Filters): Condition[] {
  const all: Condition[] = []
  if (filters.from !== '') all.push(['timestamp', 'gte', contract(filters.from)])
  if (filters.to !== '') all.push(['timestamp', 'lte', contract(filters.to)])
  if (filters.caller !== '') all.push(['caller', 'like', filters.caller])
  if (filters.called !== '') all.push(['called', 'like', filters.called])
  if (filters.user !== '') all.push(['user_id', 'eq', Number(filters.user)])
  return all
}

/** The API's `sort` of a view. */
export function order(view: View): string {
  return writeSorting(view.sorting)
}

export function isFiltered(filters: Filters): boolean {
  return Object.values(filters).some((value) => value !== '')
}
