import { useI18n } from '../../i18n'
import { moment, span } from '../../i18n/format'
import { useSecond } from '../../ui/ticker'

/** How long it is until a moment; once it is over, that it is due. */
export function Countdown({ to }: { to: string }) {
  const { t } = useI18n()
  const seconds = Math.ceil(moment(to).getTime() / 1000) - useSecond()
  return (
    <span className="numbers">
      {seconds > 0 ? t('deliveries.in', { span: wholeSpan(seconds) }) : t('deliveries.due')}
    </span>
  )
}

/** Below ten seconds `span` has tenths, which a clock of seconds cannot tell. */
function wholeSpan(seconds: number): string {
  return seconds < 10 ? `${seconds} s` : span(seconds)
}
