import { useCallback } from 'react'

import { useErrorText } from '../../ui/errorText'
import { useFieldText } from '../../ui/fieldText'

/** Why the server does not do what was asked of a call: its own reason first, then what kind of refusal it is. */
export function useRefusal(): (error: unknown) => string {
  const errorText = useErrorText()
  const fieldText = useFieldText()
  return useCallback(
    (error) =>
      fieldText(error, 'dst') ??
      fieldText(error, 'state') ??
      fieldText(error, 'monitor_state') ??
      errorText(error),
    [errorText, fieldText],
  )
}
