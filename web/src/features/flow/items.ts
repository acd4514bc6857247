/** From rows and what is to be seen of them to what stands where: a pure function, run again at each change. */

import type { Flow } from '../../api/types'
import { holds, micros, ofWebhook, type Row, rowKeys, type Shape, shapeOf, webhookIds } from './rows'

export const ROW_HEIGHT = 46
export const GAP_HEIGHT = 30

export interface Options {
  hiddenLegs: ReadonlySet<string>
  /** Whether repeated messages stand in rows of their own; else only those whose first is in `unfolded`. */
  repeats: boolean
  /** Keys of rows whose repetitions are shown. */
  unfolded: ReadonlySet<string>
  webhooks: boolean
  unsent: boolean
  /** Only rows that contain this, in whatever case. */
  text: string
}

export interface RowItem {
  type: 'row'
  key: string
  row: Row
  shape: Shape
  /** Microseconds since 1970. */
  at: number
  /** Microseconds since the row before it that is shown; null for the first one. */
  delta: number | null
  /** How often the message was repeated. */
  repeats: number
  /** Whether these repetitions have rows of their own. */
  open: boolean
  /** The row that caused it. */
  cause: number | null
  hold: boolean
  top: number
}

/** A silence. */
export interface GapItem {
  type: 'gap'
  key: string
  micros: number
  top: number
}

export type Item = RowItem | GapItem

export interface Ladder {
  items: Item[]
  height: number
  /** Of each row, shown or not, its key by its number. */
  keyOf: ReadonlyMap<number, string>
  /** Place in `items` by key, of what is shown. */
  placeOf: ReadonlyMap<string, number>
  /** Places of the rows in `items`: the keyboard passes silences by. */
  rows: number[]
}

export function heightOf(item: Item): number {
  switch (item.type) {
    case 'row':
      return ROW_HEIGHT
    case 'gap':
      return GAP_HEIGHT
  }
}

export function layOut(flow: Flow, options: Options): Ladder {
  const webhooks = webhookIds(flow.columns)
  const keys = rowKeys(flow.rows)
  const keyOf = new Map<number, string>()
  const repeats = new Map<number, number>()
  flow.rows.forEach((row, place) => {
    keyOf.set(row.n, keys[place] ?? '')
    const first = row.retransmission_of
    if (first !== null) repeats.set(first, (repeats.get(first) ?? 0) + 1)
  })
  const causes = new Map(flow.links.map((link) => [link.to, link.from]))
  const gaps = flow.gaps.map((gap) => gap.after)
  const open = (n: number) => options.repeats || options.unfolded.has(keyOf.get(n) ?? '')
  const seen = visible(options, open)

  const ladder = { items: [] as Item[], placeOf: new Map<string, number>(), rows: [] as number[] }
  let top = 0
  let gap = 0
  let before: RowItem | null = null
  const add = (item: Item) => {
    ladder.placeOf.set(item.key, ladder.items.length)
    if (item.type === 'row') ladder.rows.push(ladder.items.length)
    ladder.items.push(item)
    top += heightOf(item)
  }
  flow.rows.forEach((row: Row, place) => {
    const shape = shapeOf(row, webhooks)
    if (!seen(row, shape)) return
    const at = micros(row.at)
    const key = keys[place] ?? ''
    // Both lists are in the order of time, so one walk does for all.
    let silent = false
    while (gap < gaps.length && (gaps[gap] ?? 0) < row.n) {
      silent ||= before !== null && (gaps[gap] ?? 0) >= before.row.n
      gap += 1
    }
    if (silent && before !== null) add({ type: 'gap', key: `gap ${key}`, micros: at - before.at, top })
    const item: RowItem = {
      type: 'row',
      key,
      row,
      shape,
      at,
      delta: before === null ? null : at - before.at,
      repeats: repeats.get(row.n) ?? 0,
      open: open(row.n),
      cause: causes.get(row.n) ?? null,
      hold: holds(row),
      top,
    }
    add(item)
    before = item
  })
  return { ...ladder, height: top, keyOf }
}

function visible(options: Options, open: (n: number) => boolean): (row: Row, shape: Shape) => boolean {
  const wanted = options.text.trim().toLocaleLowerCase()
  return (row, shape) => {
    if (row.leg !== null && options.hiddenLegs.has(row.leg)) return false
    if (row.retransmission_of !== null && !open(row.retransmission_of)) return false
    if (!options.webhooks && ofWebhook(shape)) return false
    if (!options.unsent && shape === 'unsent') return false
    if (wanted === '') return true
    return [row.label, row.detail, row.raw ?? ''].some((text) => text.toLocaleLowerCase().includes(wanted))
  }
}
