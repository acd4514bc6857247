import { useCallback } from 'react'

import { useI18n } from '../../i18n'
import { isolate } from '../../ui/isolate'
import { reasonOf } from './reason'

/** Puts the server's words for a failure into the reader's language, where they are known. */
export function useReason(): (message: string) => string {
  const { t } = useI18n()
  return useCallback(
    (message) => {
      const reason = reasonOf(message)
      if (reason === null) return message
      const values = Object.entries(reason.values).map(([name, value]) => [name, isolate(value)] as const)
      return t(reason.key, Object.fromEntries(values))
    },
    [t],
  )
}
