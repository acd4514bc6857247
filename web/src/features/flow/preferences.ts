/** How this person likes the ladder; the browser remembers it. */

import { useCallback, useState } from 'react'

export interface Preferences {
  repeats: boolean
  webhooks: boolean
  unsent: boolean
  relative: boolean
}

const STORED = 'offhook.flow'

const DEFAULTS: Preferences = {
  repeats: false,
  webhooks: true,
  unsent: true,
  relative: false,
}

/** What was stored, as far as it is what it should be: another version of the page may have written it. */
export function parsePreferences(stored: string | null): Preferences {
  let found: unknown
  try {
    found = JSON.parse(stored ?? '')
  } catch {
    return DEFAULTS
  }
  if (typeof found !== 'object' || found === null) return DEFAULTS
  const read = found as Partial<Record<keyof Preferences, unknown>>
  const flag = (name: keyof Preferences) => {
    const value = read[name]
    return typeof value === 'boolean' ? value : DEFAULTS[name]
  }
  return {
    repeats: flag('repeats'),
    webhooks: flag('webhooks'),
    unsent: flag('unsent'),
    relative: flag('relative'),
  }
}

export function usePreferences(): [Preferences, (change: Partial<Preferences>) => void] {
  const [preferences, set] = useState(() => parsePreferences(localStorage.getItem(STORED)))
  const change = useCallback((part: Partial<Preferences>) => {
    set((before) => {
      const after = { ...before, ...part }
      try {
        localStorage.setItem(STORED, JSON.stringify(after))
      } catch {
        // Without storage they hold until the page is closed.
      }
      return after
    })
  }, [])
  return [preferences, change]
}
