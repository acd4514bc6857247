/** A sound that is played: one at a time in the whole page. */

import { useCallback, useEffect, useEffectEvent, useState } from 'react'

export interface Playback {
  playing: boolean
  /** Seconds from the start. */
  time: number
  /** It should play, but its octets are not there yet. */
  waiting: boolean
  failed: boolean
}

const AT_REST: Playback = { playing: false, time: 0, waiting: false, failed: false }

const EVENTS = [
  'play',
  'pause',
  'playing',
  'waiting',
  'canplay',
  'timeupdate',
  'seeking',
  'seeked',
  'ended',
  'error',
  'emptied',
]

let current: HTMLAudioElement | null = null

/** Ends what plays elsewhere in the page. */
function takeTurn(audio: HTMLAudioElement): void {
  if (current !== audio) current?.pause()
  current = audio
}

function place(audio: HTMLAudioElement, time: number): void {
  audio.currentTime = time
  // Before anything is loaded the browser keeps the place to itself.
  if (audio.readyState === audio.HAVE_NOTHING) audio.dispatchEvent(new Event('timeupdate'))
}

/** Faster or slower, at the same pitch; also after the sound was loaded anew. */
export function pace(audio: HTMLAudioElement, rate: number): void {
  audio.defaultPlaybackRate = rate
  audio.playbackRate = rate
}

interface Handlers {
  onPlay: () => void
  /** The sound could not be had: what is to be done before it is tried once more. */
  recover: () => Promise<unknown>
}

export function usePlayback(audio: HTMLAudioElement | null, { onPlay, recover }: Handlers) {
  const [state, setState] = useState(AT_REST)
  const played = useEffectEvent(onPlay)
  const again = useEffectEvent(recover)
  useEffect(() => {
    if (audio === null) return
    let tried = false
    const read = () => {
      setState({
        playing: !audio.paused && !audio.ended,
        time: audio.currentTime,
        waiting: !audio.paused && audio.readyState < audio.HAVE_FUTURE_DATA && audio.error === null,
        failed: audio.error !== null && tried,
      })
    }
    const retry = async () => {
      const at = audio.currentTime
      try {
        await again()
        audio.load()
        audio.currentTime = at
        await audio.play()
      } catch {
        read()
      }
    }
    const told = (event: Event) => {
      if (event.type === 'play') {
        takeTurn(audio)
        played()
      }
      if (event.type === 'playing') tried = false
      if (event.type === 'error' && !tried) {
        // A session that lapsed is the likely reason; whoever knows what the sound is of asks for it, which renews it.
        tried = true
        void retry()
        return
      }
      read()
    }
    for (const name of EVENTS) audio.addEventListener(name, told)
    return () => {
      for (const name of EVENTS) audio.removeEventListener(name, told)
      audio.pause()
      if (current === audio) current = null
    }
  }, [audio])
  const toggle = useCallback(() => {
    if (audio === null) return
    if (audio.paused) {
      if (audio.error !== null) audio.load()
      // A refusal is told by the event `error`, or is the browser's own and needs a press.
      audio.play().catch(() => undefined)
    } else audio.pause()
  }, [audio])
  const seek = useCallback(
    (time: number) => {
      if (audio !== null) place(audio, time)
    },
    [audio],
  )
  return { ...state, toggle, seek }
}
