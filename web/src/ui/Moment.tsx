import { moment } from '../i18n/format'
import { Time } from './Time'
import { today } from './today'
import { useSecond } from './ticker'

/** A moment near now: only the time of day if that is today's, for that of another day would mislead. */
export function Moment({ at }: { at: string }) {
  const now = useSecond()
  return <Time at={at} short={today(moment(at), new Date(now * 1000))} />
}
