import { Badge } from '@mantine/core'

import type { VoiceMessage } from '../../api/types'
import { useI18n } from '../../i18n'
import { dateTime, moment, timer } from '../../i18n/format'
import { isolate } from '../../ui/isolate'
import { OpenButton } from '../../ui/OpenButton'
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
  const { t } = useI18n()
  const whose = users.size > 0
  return (
    <div className={classes.box} role="region" tabIndex={0} aria-label={t('voicemail.title')}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{t('common.time')}</th>
            <th scope="col">{t('history.caller')}</th>
            <th scope="col">{t('voicemail.dialled')}</th>
            {whose && <th scope="col">{t('voicemail.whose')}</th>}
            <th scope="col">{t('recordings.length')}</th>
            <th scope="col">{t('common.state')}</th>
          </tr>
        </thead>
        {messages.map((message) => (
          <tbody key={message.id}>
            <Row
              message={message}
              whose={whose ? (users.get(message.user_id ?? 0) ?? '–') : null}
              open={message.id === open}
              onToggle={() => onOpen(message.id === open ? null : message.id)}
            />
            {message.id === open && (
              <tr>
                <td colSpan={whose ? 6 : 5} className={classes.opened}>
                  <div className={classes.sound} id={`message-${message.id}`}>
                    <MessagePlayer
                      message={message}
                      start={message.id === pressed}
                      onDeleted={() => onOpen(null)}
                    />
                  </div>
                </td>
              </tr>
            )}
          </tbody>
        ))}
      </table>
    </div>
  )
}

interface RowProps {
  message: VoiceMessage
  whose: string | null
  open: boolean
  onToggle: () => void
}

function Row({ message, whose, open, onToggle }: RowProps) {
  const { t, language } = useI18n()
  const when = dateTime(moment(message.origtime), language)
  return (
    <tr
      className={classes.row}
      data-message={message.id}
      data-open={open || undefined}
      data-new={message.is_new || undefined}
      onClick={(event) => {
        const on = event.target instanceof Element ? event.target.closest('a, button') : null
        if (on === null && window.getSelection()?.isCollapsed !== false) onToggle()
      }}
    >
      <td className={classes.tight}>
        <OpenButton
          open={open}
          controls={`message-${message.id}`}
          label={t(message.is_new ? 'voicemail.open_new' : 'voicemail.open', {
            who: isolate(message.caller),
            when,
          })}
          onToggle={onToggle}
        >
          <Time at={message.origtime} />
        </OpenButton>
      </td>
      <td>{message.caller === '' ? t('common.unknown') : <Peer text={message.caller} most={40} />}</td>
      <td>
        <Peer text={message.dialled} most={40} />
      </td>
      {whose !== null && (
        <td>
          <Peer text={whose} most={40} />
        </td>
      )}
      <td className="numbers">{timer(message.duration)}</td>
      <td>
        {message.is_new ? (
          <Badge color="cyan" variant="filled" tt="none" size="sm">
            {t('voicemail.new')}
          </Badge>
        ) : (
          t('voicemail.heard')
        )}
      </td>
    </tr>
  )
}
