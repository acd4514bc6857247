import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { Stream } from './stream'

/** An EventSource as the browser makes it, driven by the test. */
class FakeSource extends EventTarget {
  readyState = 0
  closed = false
  readonly url: string
  constructor(url: string) {
    super()
    this.url = url
  }
  close() {
    this.closed = true
  }
  message(type: string, data: unknown, lastEventId = '') {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data), lastEventId }))
  }
}

const sources: FakeSource[] = []
const make = (url: string) => {
  const source = new FakeSource(url)
  sources.push(source)
  return source as unknown as EventSource
}
const last = () => {
  const source = sources.at(-1)
  if (source === undefined) throw new Error('no source was made')
  return source
}

beforeEach(() => {
  vi.useFakeTimers()
  sources.length = 0
})
afterEach(() => vi.useRealTimers())

describe('the stream', () => {
  it('passes messages of a type to who asked for it', () => {
    const stream = new Stream(make)
    const heard: unknown[] = []
    stream.on('call.ringing', (data) => heard.push(data))
    stream.start()
    last().dispatchEvent(new Event('open'))
    last().message('call.ringing', { call_id: 7 }, 'c1')
    last().message('call.hangup', { call_id: 7 }, 'c2')
    expect(stream.state).toBe('live')
    expect(heard).toEqual([{ call_id: 7 }])
  })

  it('goes on behind the last message after a break, and tells that it was away', () => {
    const stream = new Stream(make)
    const reopened = vi.fn()
    stream.on('reopened', reopened)
    stream.start()
    last().dispatchEvent(new Event('open'))
    last().message('call.ringing', {}, 'c1')
    expect(reopened).not.toHaveBeenCalled()
    last().dispatchEvent(new Event('error'))
    expect(stream.state).toBe('waiting')
    vi.advanceTimersByTime(1_000)
    expect(last().url).toContain('after=c1')
    last().dispatchEvent(new Event('open'))
    expect(reopened).toHaveBeenCalledOnce()
  })

  it('waits longer each time, up to a bound', () => {
    const stream = new Stream(make)
    stream.start()
    for (const wait of [1_000, 2_000, 4_000, 8_000, 8_000]) {
      const before = sources.length
      last().dispatchEvent(new Event('error'))
      vi.advanceTimersByTime(wait - 1)
      expect(sources.length).toBe(before)
      vi.advanceTimersByTime(1)
      expect(sources.length).toBe(before + 1)
    }
  })

  it('begins anew when its place was refused', () => {
    const stream = new Stream(make)
    stream.start()
    last().message('call.ringing', {}, 'c1')
    last().readyState = 2
    last().dispatchEvent(new Event('error'))
    vi.advanceTimersByTime(1_000)
    expect(last().url).not.toContain('after=')
  })

  it('gives its connection up while paused and takes it again', () => {
    const stream = new Stream(make)
    stream.start()
    const first = last()
    stream.pause()
    expect(first.closed).toBe(true)
    vi.advanceTimersByTime(60_000)
    expect(sources.length).toBe(1)
    stream.resume()
    expect(sources.length).toBe(2)
    stream.stop()
    expect(last().closed).toBe(true)
    expect(stream.state).toBe('closed')
  })
})
