/** The server's complaints, sorted to the fields they are about. */

import { ApiError, type Exchange, type FieldError } from '../../api/client'
import type { Values } from './form'

/** Fields of the form that can have a complaint. */
export type Field = Exclude<keyof Values, 'headers'> | 'headers' | 'secret'

export interface Refusal {
  /** One complaint for a field, in the server's words. */
  fields: Partial<Record<Field, Complaint>>
  /** Complaints about single headers, by their names as sent. */
  headers: Record<string, string>
  /** What is about no field of the form. */
  others: FieldError[]
  /** The test that the receiver did not pass. */
  exchange: Exchange | null
  /** What went wrong as a whole. */
  error: unknown
}

/** `about` is the entry of a list that is meant, if one is. */
export interface Complaint {
  message: string
  about?: string
}

const NAMES: Record<string, Field> = {
  name: 'name',
  url: 'url',
  events: 'events',
  contexts: 'contexts',
  order: 'order',
  timeout_ms: 'timeout',
  headers: 'headers',
  active: 'active',
  secret: 'secret',
}

export function refusalOf(error: unknown, sent: Pick<Values, 'events' | 'contexts'>): Refusal {
  const refusal: Refusal = { fields: {}, headers: {}, others: [], exchange: null, error }
  if (!(error instanceof ApiError)) return refusal
  for (const complaint of error.fields) {
    if (complaint.exchange !== undefined) refusal.exchange = complaint.exchange
    place(refusal, complaint, sent)
  }
  return refusal
}

function place(refusal: Refusal, complaint: FieldError, sent: Pick<Values, 'events' | 'contexts'>): void {
  const { field, message } = complaint
  if (field.startsWith('headers.')) {
    refusal.headers[field.slice('headers.'.length)] ??= message
    return
  }
  const entry = /^(events|contexts)\[(\d+)\]$/.exec(field)
  if (entry !== null) {
    const list = entry[1] as 'events' | 'contexts'
    const about = sent[list][Number(entry[2])]
    refusal.fields[list] ??= about === undefined ? { message } : { message, about }
    return
  }
  const name = Object.hasOwn(NAMES, field) ? NAMES[field] : undefined
  if (name === undefined) refusal.others.push(complaint)
  else refusal.fields[name] ??= { message }
}

/** Without the complaints about fields that were typed in since. */
export function without(refusal: Refusal, fields: Field[]): Refusal {
  const left = Object.entries(refusal.fields).filter(([name]) => !fields.includes(name as Field))
  return {
    ...refusal,
    fields: Object.fromEntries(left),
    headers: fields.includes('headers') ? {} : refusal.headers,
    exchange: fields.includes('url') ? null : refusal.exchange,
  }
}

/** Whether a complaint is shown at a field, so that the summary can point there. */
export function hasComplaints(refusal: Refusal): boolean {
  return Object.keys(refusal.fields).length + Object.keys(refusal.headers).length > 0
}
