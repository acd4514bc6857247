import { useCallback } from 'react'

import { ApiError } from '../api/client'
import { type Key, useI18n } from '../i18n'

/** What the server says of a field, by its own words; it gives no code for it. */
const KNOWN: [RegExp, Key][] = [
  [/^is already taken$|^is already taken by another sound$/, 'errors.field_taken'],
  [/^is already taken by .*?\((?<name>.*)\)$/s, 'errors.field_taken_by'],
  [/^must be given$|^must not be empty$|^must be a number, not null$/, 'errors.field_required'],
  [/^must be a whole number from (?<min>\d+) to (?<max>\d+)$/, 'errors.field_whole'],
  [/^must (?:have|be) (?<min>\d+) to (?<max>\d+) characters/, 'errors.field_length'],
  [/^must be an e-mail address$/, 'errors.field_email'],
  [/^must be 2 to 15 digits$/, 'errors.field_ext'],
  [/^must consist of letters, digits, dots/, 'errors.field_username'],
  [/^must not hold control characters$/, 'errors.field_control'],
  [/^at least one active admin must be left$/, 'errors.field_last_admin'],
  [/^must begin with https:\/\/$/, 'errors.field_https'],
  [/^is not an address$/, 'errors.field_url'],
  [/^nobody answers to this number$/, 'errors.field_nobody'],
  [/^is a party of this call already$/, 'errors.field_party'],
  [/^the call is being transferred or changed$/, 'errors.field_transferring'],
  [/^the call was transferred too often$/, 'errors.field_looped'],
  [/^no side of this call is a user/, 'errors.field_no_user'],
  [/^no trunk can take the call$/, 'errors.field_no_trunk'],
  [/^the target does not want to be disturbed$/, 'errors.field_disturb'],
  [/^no phone of the target is registered$/, 'errors.field_no_phone'],
  [/^the call waits in a queue$/, 'errors.field_waits'],
  [/^the call rings$/, 'errors.field_rings'],
  [/^the call has no audio that could be held$/, 'errors.field_no_audio'],
  [/^the other phone refused$/, 'errors.field_refused'],
  [/^the call is not connected$/, 'errors.field_not_connected'],
  [/^the call between the two people is the one that can be recorded$/, 'errors.field_not_recordable'],
  [/^the media of the call does not pass by us$/, 'errors.field_not_relayed'],
  [/^this is no WAV file/, 'errors.sound_no_wav'],
  [/^this WAV file ends before its samples$|^ends too early$/, 'errors.sound_ends'],
  [/^this WAV file has (?<count>\d+) channels/, 'errors.sound_channels'],
  [/^this WAV file has (?<rate>\d+) samples a second/, 'errors.sound_rate'],
  [/^this WAV file is encoded as/, 'errors.sound_encoding'],
  [/^the sound is longer than (?<seconds>\d+) s$/, 'errors.sound_long'],
  [/^the sound is shorter than/, 'errors.sound_short'],
  [/^finds no room: the library/, 'errors.sound_full'],
  [/^is still in use: queue (?<name>.*) needs it$/s, 'errors.sound_queue'],
  [/^is still in use: the music of/, 'errors.sound_music'],
  [/^is still in use: the greeting of/, 'errors.sound_greeting'],
  [/^\d+ is not the id of a sound$/, 'errors.sound_gone'],
]

/** The complaint about a field of what was sent, in the page's language where it is a known one. */
export function useFieldText(): (error: unknown, field: string) => string | undefined {
  const { t } = useI18n()
  return useCallback(
    (error, field) => {
      const message = error instanceof ApiError ? error.field(field) : undefined
      if (message === undefined) return undefined
      for (const [pattern, key] of KNOWN) {
        const match = pattern.exec(message)
        if (match !== null) return t(key, match.groups ?? {})
      }
      return message
    },
    [t],
  )
}
