import { Button } from '@mantine/core'

import { address, api } from '../../api/client'
import type { Sound } from '../../api/types'
import { useI18n } from '../../i18n'
import { octets } from '../../i18n/format'
import { cut } from '../../ui/cut'
import { DeleteButton } from '../../ui/DeleteButton'
import { useFieldText } from '../../ui/fieldText'
import { isolate } from '../../ui/isolate'
import { useDelete } from '../../ui/useDelete'
import { keys } from '../../live/caches'
import { Player } from '../player/Player'

interface Props {
  sound: Sound
  /** Opened by a press, so it plays at once. */
  start: boolean
  onDeleted: () => void
}

/** Plays a sound as phones hear it, and deletes one that nothing plays. */
export function SoundPlayer({ sound, start, onDeleted }: Props) {
  const { t, language } = useI18n()
  const fieldText = useFieldText()
  const remove = useDelete('/sounds', keys.sounds)
  const { id, size } = sound
  const name = isolate(cut(sound.name, 60))
  const src = address(`/sounds/${id}.wav`)
  return (
    <Player
      name={t('sounds.listen_name', { name })}
      src={src}
      length={sound.duration_ms / 1_000}
      start={start}
      recover={() => api.get(`/sounds/${id}`)}
    >
      <Button component="a" href={src} download={`sound-${id}.wav`} variant="default" size="xs">
        {t('sounds.download', { size: octets(size, language) })}
      </Button>
      <DeleteButton
        id={id}
        remove={remove}
        title={t('sounds.delete_title')}
        text={t('sounds.delete_text', { name })}
        done={t('sounds.deleted')}
        refusal={(error) => fieldText(error, 'id')}
        onDeleted={onDeleted}
      />
    </Player>
  )
}
