import { useEffect, useEffectEvent, useSyncExternalStore } from 'react'

import { stream, type StreamState, type StreamType } from './stream'

export function useStreamState(): StreamState {
  return useSyncExternalStore(stream.watch, () => stream.state)
}

/** Calls back with each message of these types while the component is there. */
export function useStream(types: readonly StreamType[], listener: (data: unknown) => void): void {
  const told = useEffectEvent((data: unknown) => listener(data))
  const key = types.join(' ')
  useEffect(() => {
    const ends = key.split(' ').map((type) => stream.on(type as StreamType, told))
    return () => ends.forEach((end) => end())
  }, [key])
}
