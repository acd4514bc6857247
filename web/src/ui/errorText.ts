import { useCallback } from 'react'

import { ApiError } from '../api/client'
import { isKey, useI18n } from '../i18n'

/** An error as a sentence: by the server's code where there is a text for it, else in the server's own words. */
export function useErrorText(): (error: unknown) => string {
  const { t } = useI18n()
  return useCallback(
    (error) => {
      if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error)
      const key = `errors.${error.code}`
      const wait = error.retryAfter
      if (error.code === 'too_many_attempts' && wait !== null) return t('errors.wait', { seconds: wait })
      return isKey(key) ? t(key) : error.message
    },
    [t],
  )
}
