/** The one way to the REST API: JSON in and out, errors as values with a code, a lapsed session renewed in place. */

/** A complaint about one field of what was sent. */
export interface FieldError {
  field: string
  message: string
  exchange?: Exchange
}

/** A request of a webhook's test, and what came back. */
export interface Exchange {
  request_headers: Record<string, string>
  request_body: string
  status: number | null
  response_headers: Record<string, string>
  response_body: string
  ms: number
}

/** An answer other than success. `code` is what the page translates; `message` is the server's own English. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly fields: FieldError[]
  readonly retryAfter: number | null

  constructor(
    status: number,
    code: string,
    message: string,
    fields: FieldError[],
    retryAfter: number | null,
  ) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.fields = fields
    this.retryAfter = retryAfter
  }

  /** The complaint about a field, if there is one. */
  field(name: string): string | undefined {
    return this.fields.find((error) => error.field === name)?.message
  }
}

/** One page of a list; `total` counts the rows of all pages. */
export interface List<T> {
  data: T[]
  total: number
}

/** One row. */
export interface One<T> {
  data: T
}

export type Operator = 'eq' | 'like' | 'gt' | 'gte' | 'lt' | 'lte'
export type Condition = [property: string, operator: Operator, value: string | number]
export type Query = Record<string, string | number | boolean | null | undefined>

interface Options {
  query?: Query
  body?: unknown
  /** A WAV file in place of JSON. */
  file?: Blob
  signal?: AbortSignal | undefined
  /** Whether a lapsed session is renewed and the request repeated (default), or the 401 is thrown. */
  renew?: boolean
}

export const BASE = '/v1.1'

/** Asks the person to sign in again; resolves once that is done. Set by the application. */
let renewSession: (() => Promise<void>) | null = null

export function onLapsed(renew: (() => Promise<void>) | null): void {
  renewSession = renew
}

/** The value of `filter=`: conditions that must all hold. */
export function filter(conditions: Condition[]): string | undefined {
  if (conditions.length === 0) return undefined
  return JSON.stringify(conditions.map(([property, operator, value]) => ({ property, operator, value })))
}

/** The address of a path with its query. */
export function address(path: string, query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value))
  }
  const text = params.toString()
  return BASE + path + (text === '' ? '' : `?${text}`)
}

async function once(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', 'X-Offhook-CSRF': '1' }
  const init: RequestInit = { method, headers, credentials: 'same-origin' }
  if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json'
    init.body = JSON.stringify(options.body)
  } else if (options.file !== undefined) {
    // Whatever the browser takes it for by its name: what is in it is judged by the server.
    headers['Content-Type'] = 'audio/wav'
    init.body = options.file
  }
  if (options.signal !== undefined) init.signal = options.signal
  try {
    return await fetch(address(path, options.query), init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, 'unreachable', 'The server cannot be reached', [], null)
  }
}

async function failure(response: Response): Promise<ApiError> {
  const seconds = Number(response.headers.get('Retry-After') ?? '')
  const retryAfter = Number.isFinite(seconds) && seconds > 0 ? seconds : null
  try {
    const body = (await response.json()) as { message?: string; code?: string; errors?: FieldError[] }
    return new ApiError(
      response.status,
      body.code ?? 'unknown',
      body.message ?? response.statusText,
      body.errors ?? [],
      retryAfter,
    )
  } catch {
    return new ApiError(response.status, 'unknown', response.statusText, [], retryAfter)
  }
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const response = await once(method, path, options)
  if (response.ok) return response
  if (response.status === 401 && options.renew !== false && renewSession !== null) {
    await renewSession()
    return send(method, path, { ...options, renew: false })
  }
  throw await failure(response)
}

async function json<T>(method: string, path: string, options: Options): Promise<T> {
  const response = await send(method, path, options)
  if (response.status === 204) return undefined as T
  return (await response.json()) as T
}

export const api = {
  get: <T>(path: string, options: Options = {}) => json<T>('GET', path, options),
  post: <T>(path: string, body?: unknown, options: Options = {}) =>
    json<T>('POST', path, { ...options, body: body ?? {} }),
  upload: <T>(path: string, file: Blob, query: Query) => json<T>('POST', path, { file, query }),
  patch: <T>(path: string, body: unknown, options: Options = {}) =>
    json<T>('PATCH', path, { ...options, body }),
  delete: (path: string, options: Options = {}) => json<undefined>('DELETE', path, options),
  text: async (path: string, options: Options = {}) => (await send('GET', path, options)).text(),
}
