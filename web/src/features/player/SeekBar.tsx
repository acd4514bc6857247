import type { PointerEvent, ReactNode } from 'react'

import { useI18n } from '../../i18n'
import { timer } from '../../i18n/format'
import classes from './player.module.css'

interface Props {
  time: number
  length: number
  onSeek: (time: number) => void
  children: ReactNode
}

/** Where in the sound it is, and another place at a press; keys are the player's. */
export function SeekBar({ time, length, onSeek, children }: Props) {
  const { t } = useI18n()
  const seek = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    const part = box.width === 0 ? 0 : (event.clientX - box.left) / box.width
    onSeek(Math.min(Math.max(0, part), 1) * length)
  }
  return (
    <div
      className={classes.seek}
      role="slider"
      tabIndex={0}
      aria-label={t('player.position')}
      aria-valuemin={0}
      aria-valuemax={Math.round(length)}
      aria-valuenow={Math.round(time)}
      aria-valuetext={t('player.time_of', { time: timer(time), length: timer(length) })}
      onPointerDown={(event) => {
        if (event.button !== 0) return
        event.currentTarget.setPointerCapture(event.pointerId)
        seek(event)
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) seek(event)
      }}
    >
      {children}
    </div>
  )
}

/** Where no waveform is known. */
export function PlainBar({ time, length }: { time: number; length: number }) {
  const part = length > 0 ? Math.min(1, time / length) : 0
  return (
    <svg className={classes.plain} width="100%" height="24" aria-hidden="true">
      <rect x="0" y="9" width="100%" height="6" rx="3" className={classes.rest} />
      <rect x="0" y="9" width={`${part * 100}%`} height="6" rx="3" className={classes.done} />
    </svg>
  )
}
