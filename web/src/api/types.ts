/** The rows of the REST API as the page uses them. Times are `YYYY-MM-DD HH:MM:SS`, UTC. */

import type { Exchange } from './client'

export interface Me {
  id: number
  email: string
  first_name: string
  last_name: string
  ext: string
  role: 'admin' | 'user'
  dnd: boolean
  customer_id: number
  sip_domain: string
}

export interface User {
  id: number
  first_name: string
  last_name: string
  email: string
  ext: string
  role: 'admin' | 'user'
  active: boolean
  dnd: boolean
  record: 'none' | 'in' | 'out' | 'all'
  voicemail: boolean
  /** Seconds. */
  voicemail_after: number
  created_at: string
  nb_registered: number
}

export interface Registration {
  contact: string
  user_agent: string
  address: string
  transport: string
  expires_at: string
}

export interface Phone {
  id: number
  user_id: number
  username: string
  display_name: string
  registered: boolean
  contacts: string[]
  registrations: Registration[]
  created_at: string
  /** Only in the answer that made it. */
  password?: string
  sip_domain?: string
}

export interface Webhook {
  id: number
  name: string
  url: string
  events: string[]
  contexts: string[]
  active: boolean
  state: 'active' | 'failing' | 'disabled'
  disabled_reason: string | null
  order: 'strict' | 'bounded' | 'none'
  timeout_ms: number
  headers: Record<string, string>
  created_at: string
  last_delivery_at: string | null
  /** Only in the answer to create and rotate. */
  secret?: string
  /** Only in the answer to a save that sent a test. */
  exchange?: Exchange
}

export interface Integration {
  enabled: boolean
  egress_addresses: string[]
}

export interface WebhookTest {
  delivered: boolean
  reason: string | null
  exchange: Exchange
}

/** Deliveries that ended, hour by hour, the oldest hour first. */
export interface Activity {
  webhook_id: number
  hours: { at: string; delivered: number; failed: number }[]
}

export type DeliveryState = 'pending' | 'delivered' | 'failed' | 'expired' | 'held'

export interface Attempt {
  n: number
  at: string
  ms: number
  status: number | null
  error: string | null
  request_headers: Record<string, string>
  response_headers: Record<string, string>
  response_body: string
}

export interface Delivery {
  id: number
  webhook_id: number
  event_id: string
  event_name: string
  call_id: number
  root_call_id: number
  seq: number | null
  state: DeliveryState
  reason: string | null
  replayed: boolean
  attempts: Attempt[]
  next_attempt_at: string | null
  body: string
}

/** What the stream tells of a delivery. */
export interface DeliveryNotice extends Omit<Delivery, 'attempts' | 'body'> {
  attempts: number
  status: number | null
  error: string | null
  ms: number | null
}

/** A call that is up. `start_time` and `connected_at` are Unix seconds. */
export interface LiveCall {
  id: number
  root_id: number
  parent_id: number | null
  state: string
  context: string
  destination: 'in' | 'out'
  clid: string
  start_time: number
  connected_at: number | null
  duration: number
  src: string
  src_id: string
  src_name: string
  src_ua: string
  src_codec: string
  src_contact: string
  src_call_id: string
  dst: string
  dst_id: string
  dst_name: string
  dst_ua: string
  dst_codec: string
  dst_contact: string
  dst_call_id: string
  queue_state: string
  referred_by: string
  monitor_state: number
}

export interface Cdr {
  id: number
  live_id: number
  parent_live_id: number | null
  root_live_id: number
  is_root: boolean
  user_id: number | null
  type: 'I' | 'O' | 'M'
  calldate: string
  clid: string
  src: string
  src_id: string
  src_name: string
  src_ua: string
  src_codec: string
  dst: string
  dst_id: string
  dst_name: string
  dst_ua: string
  dst_codec: string
  duration: number
  billsec: number
  disposition: 'CONNECTED' | 'NO ANSWER' | 'BUSY' | 'FAILED'
  destination: 'in' | 'out'
  context: string
  t_cause: string
  info: string
  terminated_by: 'caller' | 'callee' | 'system' | 'api'
  cause: { q850: number; name: string; sip: number }
  /** `null` where the media did not pass by the server. */
  quality?: Quality | null
  /** Only with `include=deliveries`: those of its root call, by state. */
  deliveries?: Record<DeliveryState, number>
}

/** What each side of a call sent, as it came in at the server. */
export interface Quality {
  src: Direction | null
  dst: Direction | null
}

export interface Direction {
  packets: number
  lost: number
  jitter_ms: number
  mos: number
  /** Where the phone told of it. */
  round_trip_ms?: number | null
}

/** A recording of a call. */
export interface Monitor {
  id: number
  live_id: number
  cdr_id: number | null
  user_id: number | null
  timestamp: string
  caller: string
  called: string
  duration: number
  type: string
  /** Octets of the .mp3. */
  size: number
  size_wav: number
  context: string
  /** 1, or 2: the caller left, the called side right. */
  channels: number
  /** It ended before the call did. */
  cut: boolean
}

/** A recording as it is drawn: of each channel, in turn, the least and the greatest sample of each point, of 16 bits. */
export interface Peaks {
  channels: number[][]
  points: number
  duration: number
}

/** A message that a caller left for a user. */
export interface VoiceMessage {
  id: number
  user_id: number | null
  origtime: string
  caller: string
  dialled: string
  duration: number
  folder: string
  is_new: boolean
}

/** A sound of the library. */
export interface Sound {
  id: number
  name: string
  duration_ms: number
  /** Octets of its file. */
  size: number
  created_at: string
}

/** What of the library is heard where; `null`: what is built in. */
export interface Settings {
  music: number | null
  greeting: number | null
}

export interface FlowColumn {
  id: string
  kind: 'host' | 'webhook'
  alias: string
  address: string
}

export interface FlowRow {
  n: number
  /** RFC 3339 with microseconds. */
  at: string
  kind: 'sip' | 'webhook' | 'media' | 'note'
  from: string
  to: string
  label: string
  detail: string
  call_id: number
  leg: string | null
  retransmission_of: number | null
  raw: string | null
  delivery_id: number | null
  attempt: number | null
  ms: number | null
  status: number | null
  error: string | null
  /** `false` for what no receiver was told; `detail` has the reason. */
  sent?: boolean | null
  /** The event that a POST, its answer or a note is about. */
  event?: string | null
  /** What kind of call that event is of. */
  context?: string | null
  /** Its number within the root call. */
  seq?: number | null
  /** What a note says in `label`. */
  note?: FlowNote | null
  /** Why a webhook was not told. */
  reason?: FlowReason | null
  /** How well the audio of a row of kind `media` arrived. */
  quality?: { packets: number; lost: number; jitter_ms: number; mos: number | null } | null
}

export type FlowNote =
  'not_sent' | 'held' | 'pending' | 'given_up' | 'expired' | 'untold' | 'not_kept' | 'unknown'

export type FlowReason =
  | 'integration_off'
  | 'webhook_off'
  | 'disabled'
  | 'not_subscribed'
  | 'context'
  | 'made_later'
  | 'settings_changed'

export interface Flow {
  columns: FlowColumn[]
  rows: FlowRow[]
  links: { from: number; to: number }[]
  gaps: { after: number; seconds: number }[]
}
