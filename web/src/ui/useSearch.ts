import { useCallback } from 'react'
import { useSearchParams } from 'wouter'

/** Changes some values of the address bar; an empty one leaves it. */
export type Change = (changes: Record<string, string | null>, step?: 'push' | 'replace') => void

/** The query of the address bar, and a change of it. */
export function useSearch(): [URLSearchParams, Change] {
  const [params, setParams] = useSearchParams()
  const change = useCallback(
    (changes: Record<string, string | null>, step: 'push' | 'replace' = 'replace') => {
      setParams(
        (before) => {
          const after = new URLSearchParams(before)
          for (const [name, value] of Object.entries(changes)) {
            if (value === null || value === '') after.delete(name)
            else after.set(name, value)
          }
          return after
        },
        { replace: step === 'replace' },
      )
    },
    [setParams],
  )
  return [params, change]
}
