import { Badge } from '@mantine/core'

import type { VoiceMessage } from '../../api/types'
import { useI18n } from '../../i18n'
import { dateTime, moment, timer } from '../../i18n/format'
import { isolate } from '../../ui/isolate'
import { type Column, OpenTable } from '../../ui/OpenTable'
import { Peer } from '../../ui/Peer'
import classes from '../../ui/sounds.module.css'
import { Time } from '../../ui/Time'
import { MessagePlayer } from './MessagePlayer'

interface Props {
  messages: VoiceMessage[]
  /** Names of users by their ids; empty where all are one's own. */
  users: ReadonlyMap<number, string>
  open: number | null
  /** The one that was opened by a press. */
  pressed: number | null
  onOpen: (id: number | null) => void
}

/** Messages, one a row; a press on one plays it below. */
export function MessageTable({ messages, users, open, pressed, onOpen }: Props) {
  const { t, language } = useI18n()
  const columns = useColumns(users)
  return (
    <OpenTable
      label={t('voicemail.title')}
      kind="message"
      rows={messages}
      columns={columns}
      isNew={(message) => message.is_new}
      opens={({ is_new: fresh, caller, origtime }) =>
        t(fresh ? 'voicemail.open_new' : 'voicemail.open', {
          who: isolate(caller),
          when: dateTime(moment(origtime), language),
        })
      }
      open={open}
      onOpen={onOpen}
    >
      {(message) => (
        <MessagePlayer message={message} start={message.id === pressed} onDeleted={() => onOpen(null)} />
      )}
    </OpenTable>
  )
}

function useColumns(users: ReadonlyMap<number, string>): Column<VoiceMessage>[] {
  const { t } = useI18n()
  return [
    {
      label: t('common.time'),
      className: `${classes.tight}`,
      cell: ({ origtime }) => <Time at={origtime} />,
    },
    {
      label: t('history.caller'),
      cell: ({ caller }) => (caller === '' ? t('common.unknown') : <Peer text={caller} most={40} />),
    },
    { label: t('voicemail.dialled'), cell: ({ dialled }) => <Peer text={dialled} most={40} /> },
    ...(users.size === 0
      ? []
      : [
          {
            label: t('voicemail.whose'),
            cell: ({ user_id: id }: VoiceMessage) => <Peer text={users.get(id ?? 0) ?? '–'} most={40} />,
          },
        ]),
    {
      label: t('recordings.length'),
      className: 'numbers',
      cell: ({ duration }) => timer(duration),
    },
    {
      label: t('common.state'),
      cell: ({ is_new: fresh }) =>
        fresh ? (
          <Badge color="cyan" variant="filled" tt="none" size="sm">
            {t('voicemail.new')}
          </Badge>
        ) : (
          t('voicemail.heard')
        ),
    },
  ]
}
