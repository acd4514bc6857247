import { useI18n } from '../i18n'
import { clock, dateTime, moment, utc, zone } from '../i18n/format'

interface Props {
  /** `YYYY-MM-DD HH:MM:SS` (UTC), RFC 3339, or Unix seconds. */
  at: string | number
  /** Only the time of day. */
  short?: boolean
}

/** A moment in the viewer's zone, which stands beside it; UTC shows on hover. */
export function Time({ at, short = false }: Props) {
  const { language } = useI18n()
  const date = typeof at === 'number' ? new Date(at * 1000) : moment(at)
  const local = short ? clock(date) : `${dateTime(date, language)} ${zone(date, language)}`
  return (
    <time dateTime={date.toISOString()} title={utc(date)}>
      {local}
    </time>
  )
}
