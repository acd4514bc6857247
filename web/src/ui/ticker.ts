/** The current second, one clock for all that count. */

import { useSyncExternalStore } from 'react'

const watchers = new Set<() => void>()
let clock: ReturnType<typeof setInterval> | null = null
let second = Math.floor(Date.now() / 1000)

function tick(): void {
  const now = Math.floor(Date.now() / 1000)
  if (now === second) return
  second = now
  for (const watcher of watchers) watcher()
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher)
  // Four looks a second, so that no second is shown for much longer than one.
  clock ??= setInterval(tick, 250)
  return () => {
    watchers.delete(watcher)
    if (watchers.size > 0 || clock === null) return
    clearInterval(clock)
    clock = null
  }
}

function now(): number {
  // While nobody watched, the clock stood still.
  if (clock === null) second = Math.floor(Date.now() / 1000)
  return second
}

/** Unix seconds; the component is rendered again with each. */
export function useSecond(): number {
  return useSyncExternalStore(watch, now)
}
