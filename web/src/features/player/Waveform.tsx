import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef } from 'react'
import WaveSurfer from 'wavesurfer.js'

import type { Peaks } from '../../api/types'
import { styleNonce } from '../../ui/styleNonce'
import classes from './player.module.css'
import { scaled } from './scale'
import { LANE, type Lane } from './lanes'

/** What was played of a channel, and what is to come; each with contrast enough on its ground. */
const COLOURS = {
  light: {
    done: ['#0b7285', '#a61e4d'],
    rest: ['#66a9b5', '#cf8aa2'],
    cursor: '#212529',
  },
  dark: {
    done: ['#3bc9db', '#faa2c1'],
    rest: ['#24707a', '#8a4a63'],
    cursor: '#f1f3f5',
  },
} as const

/** How much of its height the loudest moment takes: lanes keep apart. */
const FILL = 0.9

interface Props {
  audio: HTMLAudioElement
  peaks: Peaks
  /** One for each channel, the upper one first. */
  lanes: Lane[]
}

/** Draws a sound by what the server told of its loudness, a channel below the other; the sound itself is not loaded. */
export default function Waveform({ audio, peaks, lanes }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const colours = COLOURS[useComputedColorScheme('light')]
  useEffect(() => {
    if (box.current === null) return
    const drawn = WaveSurfer.create({
      container: box.current,
      media: audio,
      peaks: scaled(peaks.channels),
      duration: peaks.duration,
      height: LANE,
      barWidth: 2,
      barGap: 1,
      barRadius: 1,
      barHeight: FILL,
      cursorWidth: 2,
      cursorColor: colours.cursor,
      // Presses and keys are the seek bar's, the same with a waveform and without.
      interact: false,
      hideScrollbar: true,
      cspNonce: styleNonce(),
      splitChannels: peaks.channels.map((_, n) => ({
        waveColor: colours.rest[n % 2] ?? colours.rest[0],
        progressColor: colours.done[n % 2] ?? colours.done[0],
      })),
    })
    return () => drawn.destroy()
  }, [audio, peaks, colours])
  return (
    <div className={classes.wave} aria-hidden="true">
      <div ref={box} />
      {lanes.map(({ key, label }, n) => (
        <span key={key} className={classes.lane} data-lane={n} style={{ color: colours.done[n % 2] }}>
          {label}
        </span>
      ))}
    </div>
  )
}
