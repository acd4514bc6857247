/** Moments between the address bar and the API (both UTC) and a field of the browser, which knows the viewer's zone only. */

const pad = (n: number, digits = 2) => String(n).padStart(digits, '0')

/** `YYYY-MM-DDTHH:MM` in the viewer's zone, as `<input type="datetime-local">` has it. */
export function toLocal(at: Date): string {
  const day = `${pad(at.getFullYear(), 4)}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`
  return `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}`
}

/** What such a field holds, as the API takes it: `YYYY-MM-DD HH:MM:SS`, UTC. */
export function toUtc(local: string): string | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(local)) return null
  const at = new Date(local)
  return Number.isNaN(at.getTime()) ? null : at.toISOString().slice(0, 19).replace('T', ' ')
}

/** A moment of the address bar (`2026-01-31T12:00:00Z`, seconds and `Z` may lack) as the API takes it. */
export function fromAddress(text: string | null): string | null {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d))?Z?$/.exec(text ?? '')
  if (match === null) return null
  const [, day = '', minute = '', second = '00'] = match
  const at = new Date(`${day}T${minute}:${second}Z`)
  // 31 February is no day, though browsers may count on.
  return Number.isNaN(at.getTime()) || !at.toISOString().startsWith(`${day}T${minute}`)
    ? null
    : `${day} ${minute}:${second}`
}

/** The other way round. */
export function toAddress(utc: string): string {
  return `${utc.replace(' ', 'T')}Z`
}
