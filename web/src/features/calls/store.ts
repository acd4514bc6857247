/**
 * The calls that are up, outside React.
 *
 * Hundreds of calls change a hundred times a second. Each change goes into a map at once; those who watch see a new
 * list at most every quarter of a second, in which only the rows that changed are new objects.
 */

import type { LiveCall } from '../../api/types'
import { aheadBy } from '../../ui/ahead'

/** What the stream tells of a call: its row, or that it is over. */
export type CallMessage = LiveCall | { id: number; root_id: number; ended: true }

export interface Snapshot {
  calls: readonly LiveCall[]
  /** Seconds that the server's clock is ahead of this one. */
  ahead: number
}

/** Watchers are told no more often than this. */
export const PAUSE = 250

export class CallStore {
  #calls = new Map<number, LiveCall>()
  #watchers = new Set<() => void>()
  #snapshot: Snapshot = { calls: [], ahead: 0 }
  #timer: ReturnType<typeof setTimeout> | null = null
  #published = Number.NEGATIVE_INFINITY
  #ahead = 0
  /** Calls that the stream told of since the newest list was asked for; what that list says of them is older. */
  #touched: Set<number> | null = null
  #asked = 0

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

  /** A list is asked for; the number tells its answer from those to earlier questions. */
  expect(): number {
    this.#touched = new Set()
    this.#asked += 1
    return this.#asked
  }

  /** The list came: it stands for all, except for what was told meanwhile. Only the newest one counts. */
  load(asked: number, rows: LiveCall[]): void {
    if (asked !== this.#asked) return
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
    if (row.connected_at !== null) this.#ahead = aheadBy(row.connected_at + row.duration)
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
