import type { DeliveryState } from '../../api/types'
import { useI18n } from '../../i18n'
import { type Dot, dotOf } from './dot'

const COLOURS: Record<Dot, string> = {
  well: 'var(--mantine-color-green-6)',
  failed: 'var(--mantine-color-red-6)',
  waiting: 'var(--mantine-color-yellow-6)',
  none: 'var(--mantine-color-dimmed)',
}

/** Each has a shape of its own: a disc with a tick, a triangle, a ring, a dash. */
const SHAPES: Record<Dot, React.ReactNode> = {
  well: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M4.5 8.2l2.4 2.4 4.6-5" fill="none" stroke="#fff" strokeWidth="1.8" />
    </>
  ),
  failed: (
    <>
      <path d="M8 1l7.5 13.5h-15z" fill="currentColor" />
      <path d="M8 5.5v4.5M8 11.5v1.6" stroke="#fff" strokeWidth="1.8" />
    </>
  ),
  waiting: <circle cx="8" cy="8" r="5.8" fill="none" stroke="currentColor" strokeWidth="2.4" />,
  none: <path d="M4 8h8" stroke="currentColor" strokeWidth="2" />,
}

/** How the webhooks of a call fared. */
export function WebhookDot({ deliveries }: { deliveries: Record<DeliveryState, number> }) {
  const { t } = useI18n()
  const dot = dotOf(deliveries)
  const text = t(`history.dot_${dot}`, {
    delivered: deliveries.delivered,
    failed: deliveries.failed + deliveries.expired,
    waiting: deliveries.pending + deliveries.held,
  })
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      role="img"
      aria-label={text}
      style={{ color: COLOURS[dot] }}
    >
      <title>{text}</title>
      {SHAPES[dot]}
    </svg>
  )
}
