import { TextInput } from '@mantine/core'

import { useI18n } from '../i18n'
import { zone } from '../i18n/format'
import { fromLocal, toLocal } from './instant'

interface Props {
  bound: 'from' | 'to'
  /** RFC 3339 in UTC, or ''. */
  value: string
  onChange: (value: string) => void
}

/** One end of a span of time. The field keeps what is half entered to itself, and tells of whole dates only. */
export function TimeBound({ bound, value, onChange }: Props) {
  const { t, language } = useI18n()
  const here = zone(new Date(), language)
  return (
    <TextInput
      key={value}
      type="datetime-local"
      label={t(bound === 'from' ? 'common.since' : 'common.until', { zone: here })}
      defaultValue={toLocal(value)}
      max="9999-12-31T23:59"
      onBlur={(event) => {
        if (event.currentTarget.value !== toLocal(value)) onChange(fromLocal(event.currentTarget.value))
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur()
      }}
    />
  )
}
