import { Anchor, Badge, Text } from '@mantine/core'
import { Link } from 'wouter'

import type { Monitor } from '../../api/types'
import { type Key, useI18n } from '../../i18n'
import { dateTime, moment, octets, timer } from '../../i18n/format'
import { isolate } from '../../ui/isolate'
import { OpenButton } from '../../ui/OpenButton'
import { Peer } from '../../ui/Peer'
import { SortHeader, type Sorting } from '../../ui/SortHeader'
import classes from '../../ui/sounds.module.css'
import { Time } from '../../ui/Time'
import { RecordingPlayer } from './RecordingPlayer'

const HEADS: [column: string, label: Key][] = [
  ['timestamp', 'common.time'],
  ['caller', 'history.caller'],
  ['called', 'history.callee'],
  ['duration', 'recordings.length'],
  ['size', 'recordings.size'],
]

interface Props {
  recordings: Monitor[]
  /** Names of users by their ids; empty where all are one's own. */
  users: ReadonlyMap<number, string>
  sorting: Sorting
  onSort: (sorting: Sorting) => void
  open: number | null
  onOpen: (id: number | null) => void
}

/** Recordings, one a row; a press on one opens its player below it. */
export function RecordingTable({ recordings, users, sorting, onSort, open, onOpen }: Props) {
  const { t } = useI18n()
  const whose = users.size > 0
  return (
    <div className={classes.box} role="region" tabIndex={0} aria-label={t('recordings.title')}>
      <table className={classes.table}>
        <thead>
          <tr>
            {HEADS.map(([column, label]) => (
              <SortHeader key={column} label={t(label)} column={column} sorting={sorting} onSort={onSort} />
            ))}
            {whose && <th scope="col">{t('recordings.whose')}</th>}
            <th scope="col">{t('common.call')}</th>
          </tr>
        </thead>
        {recordings.map((recording) => (
          <tbody key={recording.id}>
            <Row
              recording={recording}
              whose={whose ? (users.get(recording.user_id ?? 0) ?? '–') : null}
              open={recording.id === open}
              onToggle={() => onOpen(recording.id === open ? null : recording.id)}
            />
            {recording.id === open && (
              <tr>
                <td colSpan={HEADS.length + (whose ? 2 : 1)} className={classes.opened}>
                  <div className={classes.sound} id={`recording-${recording.id}`}>
                    <RecordingPlayer
                      recording={recording}
                      names={{
                        caller: <Peer text={recording.caller} most={40} />,
                        called: <Peer text={recording.called} most={40} />,
                      }}
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
  recording: Monitor
  whose: string | null
  open: boolean
  onToggle: () => void
}

function Row({ recording, whose, open, onToggle }: RowProps) {
  const { t, language } = useI18n()
  const { id, caller, called } = recording
  const when = dateTime(moment(recording.timestamp), language)
  const who = t('recordings.who', { from: isolate(caller), to: isolate(called) })
  return (
    <tr
      className={classes.row}
      data-recording={id}
      data-open={open || undefined}
      onClick={(event) => {
        const on = event.target instanceof Element ? event.target.closest('a, button') : null
        if (on === null && window.getSelection()?.isCollapsed !== false) onToggle()
      }}
    >
      <td className={classes.tight}>
        <OpenButton
          open={open}
          controls={`recording-${id}`}
          label={t('recordings.open_who', { who, when })}
          onToggle={onToggle}
        >
          <Time at={recording.timestamp} />
        </OpenButton>
      </td>
      <td>
        <Side text={caller} />
      </td>
      <td>
        <Side text={called} />
      </td>
      <td className={classes.tight}>
        <span className="numbers">{timer(recording.duration)}</span>
        {recording.cut && (
          <Badge color="orange" variant="light" tt="none" size="sm" ms={8} title={t('recordings.cut_text')}>
            {t('recordings.cut_short')}
          </Badge>
        )}
      </td>
      <td className={`numbers ${classes.tight}`}>{octets(recording.size, language)}</td>
      {whose !== null && (
        <td>
          <Peer text={whose} most={40} />
        </td>
      )}
      <td>
        <Anchor component={Link} href={`/calls/${recording.live_id}?tab=recording`} size="sm">
          {recording.live_id}
        </Anchor>
      </td>
    </tr>
  )
}

function Side({ text }: { text: string }) {
  const { t } = useI18n()
  return text === '' ? <Text size="sm">{t('common.unknown')}</Text> : <Peer text={text} most={40} />
}
