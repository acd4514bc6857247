/** Where the columns stand, for a width of the window. */

export interface Geometry {
  /** Width of the part with number and time. */
  gutter: number
  /** Distance of two columns. */
  lane: number
  /** Width of all columns. */
  lanes: number
  /** Narrow as on a phone. */
  compact: boolean
  /** Middle of a column by its id, from the left of the lanes; the first one for an id that there is not. */
  x: (id: string) => number
}

const COMPACT = 640
const WIDE_GUTTER = 158
const NARROW_GUTTER = 104
const WIDE_LANE = 168
const NARROW_LANE = 138
/** Arrows longer than that are tiring to follow. */
const LONGEST_LANE = 340

export function geometry(columns: readonly { id: string }[], width: number): Geometry {
  const compact = width < COMPACT
  const gutter = compact ? NARROW_GUTTER : WIDE_GUTTER
  const count = Math.max(columns.length, 1)
  const least = compact ? NARROW_LANE : WIDE_LANE
  const lane = Math.min(LONGEST_LANE, Math.max(least, Math.floor((width - gutter) / count)))
  const middle = (place: number) => Math.round(lane * (place + 0.5))
  const places = new Map(columns.map((column, place) => [column.id, middle(place)]))
  return { gutter, lane, lanes: lane * count, compact, x: (id) => places.get(id) ?? middle(0) }
}

/** A text's middle and the most it may be wide so that it stays within the lanes. */
export function textPlace(from: number, to: number, lanes: number): { middle: number; width: number } {
  const middle = (from + to) / 2
  return { middle, width: Math.max(2 * Math.min(middle, lanes - middle) - 8, 40) }
}
