import type { ReactNode } from 'react'

import { useI18n } from '../../i18n'
import { Arrow, ARROW_Y } from './Arrow'
import classes from './flow.module.css'
import { callsOf, legsOf } from './legs'
import type { Preferences } from './preferences'
import { ofWebhook, type Row, type Shape, shapeOf } from './rows'
import { legStroke, strokeOf } from './stroke'

interface Props {
  rows: readonly Row[]
  webhooks: ReadonlySet<string>
  preferences: Preferences
  hiddenLegs: readonly string[]
  onLegs: (hidden: string[]) => void
  onChange: (change: Partial<Preferences>) => void
}

/** What the lines mean, each a switch; what is switched off stays listed, or it could not be switched on again. */
export function Legend({ rows, webhooks, preferences, hiddenLegs, onLegs, onChange }: Props) {
  const { t } = useI18n()
  const counts = tally(rows, webhooks)
  const calls = callsOf(rows)
  const legText = (leg: string) => {
    const [count, call] = [counts.legs.get(leg) ?? 0, calls.get(leg)]
    return call === undefined
      ? t('flow.leg', { leg, count })
      : t('flow.leg_of_call', { leg, count, call: String(call) })
  }
  const toggleLeg = (leg: string) => {
    const hidden = hiddenLegs.includes(leg)
    onLegs(hidden ? hiddenLegs.filter((other) => other !== leg) : [...hiddenLegs, leg])
  }
  return (
    <div className={classes.legend} role="group" aria-label={t('flow.legend')}>
      {legsOf(rows).map((leg) => (
        <Entry
          key={leg}
          on={!hiddenLegs.includes(leg)}
          sample={<Sample shape="sip" stroke={legStroke(leg)} />}
          text={legText(leg)}
          onToggle={() => toggleLeg(leg)}
        />
      ))}
      <Entry
        on={preferences.repeats}
        sample={<Sample shape="sip" stroke="var(--mantine-color-dimmed)" repeated />}
        text={t('flow.repeats', { count: counts.repeats })}
        none={counts.repeats === 0}
        onToggle={() => onChange({ repeats: !preferences.repeats })}
      />
      <Entry
        on={preferences.webhooks}
        sample={<Sample shape="post" stroke="var(--flow-hook)" />}
        text={t('flow.webhooks', { count: counts.webhooks })}
        none={counts.webhooks === 0}
        onToggle={() => onChange({ webhooks: !preferences.webhooks })}
      />
      <Entry
        on={preferences.unsent}
        sample={<Sample shape="unsent" stroke={strokeOf({ leg: null }, 'unsent')} />}
        text={t('flow.unsent', { count: counts.unsent })}
        none={counts.unsent === 0}
        onToggle={() => onChange({ unsent: !preferences.unsent })}
      />
    </div>
  )
}

function Entry({
  on,
  sample,
  text,
  none = false,
  onToggle,
}: {
  on: boolean
  sample: ReactNode
  text: string
  /** Whether this call has none of them. */
  none?: boolean
  onToggle: () => void
}) {
  return (
    <button
      type="button"
      className={classes.entry}
      aria-pressed={on}
      data-none={none || undefined}
      onClick={onToggle}
    >
      {sample}
      {text}
    </button>
  )
}

const WIDTH = 34

function Sample({ shape, stroke, repeated = false }: { shape: Shape; stroke: string; repeated?: boolean }) {
  return (
    <svg
      width={WIDTH}
      height={14}
      viewBox={`0 ${ARROW_Y - 7} ${WIDTH} 14`}
      aria-hidden="true"
      focusable="false"
    >
      <Arrow
        shape={shape}
        repeated={repeated}
        from={5}
        to={WIDTH}
        width={WIDTH}
        height={48}
        stroke={stroke}
      />
    </svg>
  )
}

function tally(rows: readonly Row[], hooks: ReadonlySet<string>) {
  const legs = new Map<string, number>()
  let [repeats, webhooks, unsent] = [0, 0, 0]
  for (const row of rows) {
    const shape = shapeOf(row, hooks)
    if (row.leg !== null) legs.set(row.leg, (legs.get(row.leg) ?? 0) + 1)
    if (row.retransmission_of !== null) repeats += 1
    if (ofWebhook(shape)) webhooks += 1
    if (shape === 'unsent') unsent += 1
  }
  return { legs, repeats, webhooks, unsent }
}
