/**
 * The one stream of events that the page listens to.
 *
 * ```text
 * closed ──start──► connecting ──open──► live
 *                       ▲                 │ error
 *                       └──── waiting ◄───┘      a second, then two, four … eight
 * ```
 *
 * A stream that opened again after a break says so: whoever keeps a copy of something then loads it anew, so that
 * nothing is missed while the server was away.
 */

import { address } from '../api/client'

export type StreamState = 'closed' | 'connecting' | 'live' | 'waiting'

type Listener = (data: unknown) => void

/** Of the types that the server sends, those that the page asks for by name; `EventSource` knows no "any". */
export const CALL_EVENTS = [
  'call.initial',
  'call.accepted',
  'call.ringing',
  'call.connected',
  'call.hold',
  'call.unhold',
  'call.dtmf',
  'call.missed',
  'call.failed',
  'call.hangup',
] as const

const OTHERS = [
  'delivery',
  'registration',
  'call',
  'lagged',
  'webhook.disabled',
  'monitor.audio_ready',
] as const

export type StreamType = (typeof CALL_EVENTS)[number] | (typeof OTHERS)[number] | 'reopened'

const FIRST_WAIT = 1_000
const LONGEST_WAIT = 8_000

export class Stream {
  #listeners = new Map<StreamType, Set<Listener>>()
  #watchers = new Set<() => void>()
  #state: StreamState = 'closed'
  #source: EventSource | null = null
  #cursor: string | null = null
  #wait = FIRST_WAIT
  #timer: ReturnType<typeof setTimeout> | null = null
  #opened = false
  readonly #make: (url: string) => EventSource

  constructor(make: (url: string) => EventSource = (url) => new EventSource(url)) {
    this.#make = make
  }

  get state(): StreamState {
    return this.#state
  }

  /** Calls back on each change of `state`. */
  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** Calls back with the data of each message of a type. */
  on(type: StreamType, listener: Listener): () => void {
    const set = this.#listeners.get(type) ?? new Set()
    set.add(listener)
    this.#listeners.set(type, set)
    return () => set.delete(listener)
  }

  start(): void {
    if (this.#state === 'closed') this.#connect()
  }

  /** Ends the stream and forgets where it was. */
  stop(): void {
    this.#drop()
    this.#cursor = null
    this.#opened = false
    this.#become('closed')
  }

  /** Gives the connection up while nobody looks; a browser has six per server for all its tabs. */
  pause(): void {
    if (this.#state === 'closed') return
    this.#drop()
    this.#become('waiting')
  }

  resume(): void {
    if (this.#state === 'waiting') this.#connect()
  }

  #connect(): void {
    this.#drop()
    this.#become('connecting')
    const after = this.#cursor
    const source = this.#make(address('/events/stream', { include: 'deliveries,registrations,calls', after }))
    this.#source = source
    source.addEventListener('open', (message) => {
      // The browser's own 'open' has no data; the server's first message of that name has the cursor.
      if (message instanceof MessageEvent) this.#remember(message)
      else this.#live()
    })
    source.addEventListener('error', (message) => {
      if (!(message instanceof MessageEvent)) this.#lost(source)
    })
    for (const type of [...CALL_EVENTS, ...OTHERS]) {
      source.addEventListener(type, (message) => this.#take(type, message))
    }
  }

  #live(): void {
    this.#wait = FIRST_WAIT
    this.#become('live')
    if (this.#opened) this.#emit('reopened', null)
    this.#opened = true
  }

  #lost(source: EventSource): void {
    // A stream that was refused for good may have been refused for its cursor: begin anew, and load all.
    if (source.readyState === 2) this.#cursor = null
    this.#drop()
    this.#become('waiting')
    this.#timer = setTimeout(() => this.#connect(), this.#wait)
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT)
  }

  #remember(message: MessageEvent): void {
    if (message.lastEventId !== '') this.#cursor = message.lastEventId
  }

  #take(type: StreamType, message: MessageEvent): void {
    this.#remember(message)
    let data: unknown
    try {
      data = JSON.parse(String(message.data))
    } catch {
      return
    }
    this.#emit(type, data)
  }

  #emit(type: StreamType, data: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(data)
  }

  #drop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#source?.close()
    this.#source = null
  }

  #become(state: StreamState): void {
    if (this.#state === state) return
    this.#state = state
    for (const watcher of this.#watchers) watcher()
  }
}

/** The page's stream. */
export const stream = new Stream()
