import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'

import { address, api } from '../../api/client'
import type { VoiceMessage } from '../../api/types'
import { useI18n } from '../../i18n'
import { cut } from '../../ui/cut'
import { Confirm } from '../../ui/confirm'
import { useErrorText } from '../../ui/errorText'
import { isolate } from '../../ui/isolate'
import { Player } from '../player/Player'
import { useDeleteMessage, useHeard } from './queries'

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
      <DeleteMessage id={id} who={who} onDeleted={onDeleted} />
    </Player>
  )
}

function DeleteMessage({ id, who, onDeleted }: { id: number; who: string; onDeleted: () => void }) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const [asking, ask] = useState(false)
  const remove = useDeleteMessage()
  return (
    <>
      <Button color="red" variant="light" size="xs" onClick={() => ask(true)}>
        {t('common.delete')}
      </Button>
      <Confirm
        opened={asking}
        onClose={() => {
          ask(false)
          remove.reset()
        }}
        title={t('voicemail.delete_title')}
        text={t('voicemail.delete_text', { who })}
        action={t('common.delete')}
        busy={remove.isPending}
        error={remove.isError ? errorText(remove.error) : undefined}
        onConfirm={() =>
          remove.mutate(id, {
            onSuccess: () => {
              ask(false)
              notifications.show({ message: t('voicemail.deleted') })
              onDeleted()
            },
          })
        }
      />
    </>
  )
}
