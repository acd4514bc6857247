import type { Activity } from '../../api/types'
import { useI18n } from '../../i18n'
import { bars, sums } from './sparkline'

const WIDTH = 6
const GAP = 1
const HEIGHT = 18

/** What arrived in each of the last 24 hours (up) and what failed (down), told in words as well. */
export function Sparkline({ hours }: { hours: Activity['hours'] }) {
  const { t } = useI18n()
  const { delivered, failed } = sums(hours)
  const text = t('webhooks.activity', { delivered, failed })
  const width = Math.max(1, hours.length) * (WIDTH + GAP)
  return (
    <svg
      role="img"
      aria-label={text}
      viewBox={`0 0 ${width} ${HEIGHT * 2 + 1}`}
      width={width}
      height={HEIGHT * 2 + 1}
      style={{ flexShrink: 0 }}
    >
      <title>{text}</title>
      <rect x={0} y={HEIGHT} width={width} height={1} fill="var(--mantine-color-default-border)" />
      {bars(hours).map(({ at, up, down }, n) => (
        <g key={at} transform={`translate(${n * (WIDTH + GAP)} 0)`}>
          <rect
            width={WIDTH}
            y={HEIGHT * (1 - up)}
            height={HEIGHT * up}
            fill="var(--mantine-color-teal-filled)"
          />
          <rect width={WIDTH} y={HEIGHT + 1} height={HEIGHT * down} fill="var(--mantine-color-red-filled)" />
        </g>
      ))}
    </svg>
  )
}
