import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'

import { address, api } from '../../api/client'
import type { VoiceMessage } from '../../api/types'
import { useI18n } from '../../i18n'
import { keys } from '../../live/caches'
import { cut } from '../../ui/cut'
import { DeleteButton } from '../../ui/DeleteButton'
import { useErrorText } from '../../ui/errorText'
import { isolate } from '../../ui/isolate'
import { useDelete } from '../../ui/useDelete'
import { Player } from '../player/Player'
import { useHeard } from './queries'

interface Props {
  message: VoiceMessage
  start: boolean
  onDeleted: () => void
}

/** Plays a message; one that is played was heard. */
export function MessagePlayer({ message, start, onDeleted }: Props) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const heard = useHeard()
  const remove = useDelete('/voicemessages', keys.voicemail)
  const { id, is_new: fresh } = message
  const who = isolate(cut(message.caller === '' ? t('common.unknown') : message.caller, 30))
  const hear = () =>
    heard.mutate(id, {
      onError: (error) => notifications.show({ color: 'red', message: errorText(error) }),
    })
  return (
    <Player
      name={t('voicemail.listen', { who })}
      src={address(`/voicemessages/${id}.mp3`)}
      length={message.duration}
      start={start}
      onPlay={() => {
        if (fresh) hear()
      }}
      recover={() => api.get(`/voicemessages/${id}`)}
    >
      {fresh && (
        <Button variant="default" size="xs" loading={heard.isPending} onClick={hear}>
          {t('voicemail.mark_heard')}
        </Button>
      )}
      <Button
        component="a"
        href={address(`/voicemessages/${id}.mp3`)}
        download={`message-${id}.mp3`}
        variant="default"
        size="xs"
      >
        {t('voicemail.download')}
      </Button>
      <DeleteButton
        id={id}
        remove={remove}
        title={t('voicemail.delete_title')}
        text={t('voicemail.delete_text', { who })}
        done={t('voicemail.deleted')}
        onDeleted={onDeleted}
      />
    </Player>
  )
}
