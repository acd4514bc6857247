/** What a key does to the sound that is played. */

export type Action = { kind: 'toggle' } | { kind: 'by'; seconds: number } | { kind: 'to'; part: 0 | 1 }

/** Seconds of a short and a long step. */
const SHORT = 5
const LONG = 30

const ACTIONS: Record<string, Action> = {
  ' ': { kind: 'toggle' },
  ArrowLeft: { kind: 'by', seconds: -SHORT },
  ArrowRight: { kind: 'by', seconds: SHORT },
  ArrowDown: { kind: 'by', seconds: -SHORT },
  ArrowUp: { kind: 'by', seconds: SHORT },
  PageDown: { kind: 'by', seconds: -LONG },
  PageUp: { kind: 'by', seconds: LONG },
  Home: { kind: 'to', part: 0 },
  End: { kind: 'to', part: 1 },
}

interface Pressed {
  key: string
  ctrlKey: boolean
  altKey: boolean
  metaKey: boolean
}

/** Keys with a modifier are the browser's. */
export function actionOf({ key, ctrlKey, altKey, metaKey }: Pressed): Action | null {
  if (ctrlKey || altKey || metaKey || !Object.hasOwn(ACTIONS, key)) return null
  return ACTIONS[key] ?? null
}

/** Where to in a sound of `length` seconds, from `at`. */
export function sought(action: Exclude<Action, { kind: 'toggle' }>, at: number, length: number): number {
  const wanted = action.kind === 'to' ? action.part * length : at + action.seconds
  return Math.min(Math.max(0, wanted), length)
}
