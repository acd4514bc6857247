import { isKey, type Key } from '../../i18n'

/** The key of what an event's name means, if there is a text for it. */
export function eventText(name: string): Key | null {
  const key = `events.${name.replace('.', '_')}`
  return isKey(key) ? key : null
}
