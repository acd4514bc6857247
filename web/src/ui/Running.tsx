import { timer } from '../i18n/format'
import { useSecond } from './ticker'

/** How long a call is up, second by second; `ahead` is what the server's clock is ahead of this one. */
export function Running({ since, ahead }: { since: number; ahead: number }) {
  const second = useSecond()
  return <span role="timer">{timer(second + ahead - since)}</span>
}
