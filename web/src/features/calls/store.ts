/**
 * The calls that are up, outside React.
 *
 * Hundreds of calls change a hundred times a second. Each change goes into a map at once; those who watch see a new
 * list at most every quarter of a second, in which only the rows that changed are new objects.
 */

import type { LiveCall } from '../../api/types'

/** What the stream tells of a call: its row, or that it is over. */
export type CallMessage = LiveCall | { id: number; root_id: number; ended: true }

export interface Snapshot {
  calls: readonly LiveCall[]
  /** Seconds that the server's clock is ahead of this one. */
  ahead: number
}

/** Watchers are told no more often than this. */
export const PAUSE = 250

/** Clocks this close count as the same: rows say times in whole seconds, and take a moment to come. */
const TOLERANCE = 2

export class CallStore {
  #calls = new Map<number, LiveCall>()
  #watchers = new Set<() => void>()
  #snapshot: Snapshot = { calls: [], ahead: 0 }
  #timer: ReturnType<typeof setTimeout> | null = null
  #published = Number.NEGATIVE_INFINITY
  #ahead = 0
  /** Calls that the stream told of while a list was on its way; what the list says of them is older. */
  #touched: Set<number> | null = null

  subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher)
    return () => {
      this.#watchers.delete(watcher)
      if (this.#watchers.size > 0 || this.#timer === null) return
      clearTimeout(this.#timer)
      this.#timer = null
    }
  }

  snapshot = (): Snapshot => this.#snapshot

  /** A list is asked for. */
  expect(): void {
    this.#touched = new Set()
  }

  /** The list came: it stands for all, except for what was told meanwhile. */
  load(rows: LiveCall[]): void {
    const touched = this.#touched ?? new Set()
    this.#touched = null
    const before = this.#calls
    this.#calls = new Map()
    for (const row of rows) if (!touched.has(row.id)) this.#put(row, before.get(row.id))
    for (const id of touched) {
      const row = before.get(id)
      if (row !== undefined) this.#calls.set(id, row)
    }
    this.#changed()
  }

  take(message: CallMessage): void {
    this.#touched?.add(message.id)
    if ('ended' in message) this.#calls.delete(message.id)
    else this.#put(message)
    this.#changed()
  }

  /** A call that is known to be over. */
  drop(id: number): void {
    this.#touched?.add(id)
    if (this.#calls.delete(id)) this.#changed()
  }

  #put(row: LiveCall, before?: LiveCall): void {
    if (row.connected_at !== null) {
      const ahead = row.connected_at + row.duration - Math.floor(Date.now() / 1000)
      this.#ahead = Math.abs(ahead) > TOLERANCE ? ahead : 0
    }
    this.#calls.set(row.id, before !== undefined && same(before, row) ? before : row)
  }

  #changed(): void {
    if (this.#timer !== null) return
    const wait = this.#published + PAUSE - performance.now()
    if (wait <= 0) this.#publish()
    else this.#timer = setTimeout(this.#publish, wait)
  }

  #publish = (): void => {
    this.#timer = null
    this.#published = performance.now()
    this.#snapshot = { calls: [...this.#calls.values()], ahead: this.#ahead }
    for (const watcher of this.#watchers) watcher()
  }
}

/** Whether a row that was polled again shows the same; its duration runs on the page's own clock. */
function same(a: LiveCall, b: LiveCall): boolean {
  for (const name of Object.keys(b) as (keyof LiveCall)[]) {
    if (name !== 'duration' && a[name] !== b[name]) return false
  }
  return true
}
