import { ActionIcon, Group, Loader, NativeSelect, Text } from '@mantine/core'
import { type KeyboardEvent, type ReactNode, useEffect, useState } from 'react'

import { useI18n } from '../../i18n'
import { timer } from '../../i18n/format'
import { actionOf, sought } from './keys'
import classes from './player.module.css'
import { PlainBar, SeekBar } from './SeekBar'
import { pace, usePlayback } from './usePlayback'

const RATES = [0.75, 1, 1.25, 1.5, 1.75, 2] as const

/** Where arrows choose, and where space presses. */
const CHOOSES = 'select, input'
const PRESSES = 'select, input, button, a[href]'

interface Props {
  /** What is played, for those who do not see what it belongs to. */
  name: string
  /** Address of the sound. */
  src: string
  /** Seconds. */
  length: number
  /** Play at once: it was asked for by a press. */
  start?: boolean
  onPlay?: () => void
  recover: () => Promise<unknown>
  /** What is drawn in place of a plain bar. */
  track?: (audio: HTMLAudioElement) => ReactNode
  /** What else can be done with the sound. */
  children?: ReactNode
}

/** Plays a sound. Nothing of it is loaded before it is played. */
export function Player({ name, src, length, start = false, onPlay, recover, track, children }: Props) {
  const { t } = useI18n()
  const [audio, setAudio] = useState<HTMLAudioElement | null>(null)
  const [rate, setRate] = useState(1)
  const playback = usePlayback(audio, { onPlay: () => onPlay?.(), recover })
  const { playing, time, waiting, failed, toggle, seek } = playback
  useEffect(() => {
    if (audio !== null) pace(audio, rate)
  }, [audio, rate])
  useEffect(() => {
    // A browser that wants a press of its own for it says no.
    if (audio !== null && start) audio.play().catch(() => undefined)
  }, [audio, start])
  const press = (event: KeyboardEvent<HTMLDivElement>) => {
    const action = actionOf(event)
    if (action === null || !(event.target instanceof Element)) return
    if (event.target.closest(action.kind === 'toggle' ? PRESSES : CHOOSES) !== null) return
    event.preventDefault()
    if (action.kind === 'toggle') toggle()
    else seek(sought(action, time, length))
  }
  return (
    <div className={classes.player} role="group" aria-label={name} onKeyDown={press}>
      <audio ref={setAudio} src={src} preload="none" hidden />
      <SeekBar time={time} length={length} onSeek={seek}>
        {audio !== null && track !== undefined ? track(audio) : <PlainBar time={time} length={length} />}
      </SeekBar>
      {failed && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {t('player.failed')}
        </Text>
      )}
      <Group justify="space-between" gap="sm">
        <Group gap="sm" wrap="nowrap">
          <ActionIcon
            size="lg"
            radius="xl"
            variant="filled"
            onClick={toggle}
            aria-label={t(playing ? 'player.pause' : 'player.play')}
          >
            {playing ? <PauseIcon /> : <PlayIcon />}
          </ActionIcon>
          <Text size="sm" className={classes.time}>
            {timer(time)} / {timer(length)}
          </Text>
          {waiting && <Loader size="xs" aria-label={t('common.loading')} />}
          <NativeSelect
            size="xs"
            aria-label={t('player.speed')}
            value={String(rate)}
            onChange={(event) => setRate(Number(event.currentTarget.value))}
            data={RATES.map((value) => ({ value: String(value), label: t('player.rate', { rate: value }) }))}
          />
        </Group>
        <Group gap="xs">{children}</Group>
      </Group>
    </div>
  )
}

function PlayIcon() {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" fill="currentColor">
      <path d="M4 2.3v11.4a.7.7 0 0 0 1.06.6l9.2-5.7a.7.7 0 0 0 0-1.2l-9.2-5.7A.7.7 0 0 0 4 2.3z" />
    </svg>
  )
}

function PauseIcon() {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" fill="currentColor">
      <rect x="3" y="2" width="3.6" height="12" rx="1" />
      <rect x="9.4" y="2" width="3.6" height="12" rx="1" />
    </svg>
  )
}
