import type { Sorting } from './SortHeader'

/** `-calldate` as a sorting; the fallback for what is missing or no column of the table. */
export function readSorting(text: string | null, columns: readonly string[], fallback: Sorting): Sorting {
  const column = (text ?? '').replace(/^-/, '')
  if (text === null || !columns.includes(column)) return fallback
  return { column, descending: text.startsWith('-') }
}

/** As it stands in an address and in the API's `sort`. */
export function writeSorting({ column, descending }: Sorting): string {
  return descending ? `-${column}` : column
}
