/** What is searched for among the recordings: as it stands in the address bar, and as the API is asked. */

import type { Condition } from '../../api/client'
import { holding, type Place, readId, readPlace, readSpan, type Span, within } from '../../ui/listView'
import { readSorting, writeSorting } from '../../ui/sorting'
import type { Sorting } from '../../ui/SortHeader'

export const COLUMNS = ['timestamp', 'caller', 'called', 'duration', 'size'] as const

const NEWEST_FIRST: Sorting = { column: 'timestamp', descending: true }

export { isFiltered } from '../../ui/listView'

export interface Filters extends Span {
  caller: string
  called: string
  /** Id of the user whose recordings they are; '' for all. */
  user: string
}

export interface View extends Place {
  filters: Filters
  sorting: Sorting
  /** The recording that is open for listening. */
  open: number | null
}

/** Reads the address bar; what makes no sense there counts as not given. */
export function readView(params: URLSearchParams): View {
  return {
    ...readPlace(params),
    filters: {
      ...readSpan(params),
      caller: params.get('caller') ?? '',
      called: params.get('called') ?? '',
      user: readId(params.get('user'))?.toString() ?? '',
    },
    sorting: readSorting(params.get('sort'), COLUMNS, NEWEST_FIRST),
    open: readId(params.get('open')),
  }
}

/** The conditions of a search; the API joins them by "and". */
export function conditions(filters: Filters): Condition[] {
  const all = [...within('timestamp', filters), ...holding(filters, ['caller', 'called'])]
  if (filters.user !== '') all.push(['user_id', 'eq', Number(filters.user)])
  return all
}

/** The API's `sort` of a view. */
export function order(view: View): string {
  return writeSorting(view.sorting)
}
