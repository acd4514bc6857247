/** Where the keyboard goes in the ladder. */

/** The place that a key leads to from `place` (null: nowhere yet) in a list of `count`; null if the key does not move. */
export function moved(key: string, place: number | null, count: number, page: number): number | null {
  if (count === 0) return null
  const last = count - 1
  const from = place ?? -1
  switch (key) {
    case 'ArrowDown':
      return Math.min(from + 1, last)
    case 'ArrowUp':
      return Math.max(from - 1, 0)
    case 'PageDown':
      return Math.min(Math.max(from, 0) + Math.max(page, 1), last)
    case 'PageUp':
      return Math.max(from - Math.max(page, 1), 0)
    case 'Home':
      return 0
    case 'End':
      return last
    default:
      return null
  }
}
