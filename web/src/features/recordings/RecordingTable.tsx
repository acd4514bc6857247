import { Anchor, Badge, Text } from '@mantine/core'
import { Link } from 'wouter'

import type { Monitor } from '../../api/types'
import { useI18n } from '../../i18n'
import { dateTime, moment, octets, timer } from '../../i18n/format'
import { isolate } from '../../ui/isolate'
import { type Column, OpenTable } from '../../ui/OpenTable'
import { Peer } from '../../ui/Peer'
import type { Sorting } from '../../ui/SortHeader'
import classes from '../../ui/sounds.module.css'
import { Time } from '../../ui/Time'
import { RecordingPlayer } from './RecordingPlayer'

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
  const { t, language } = useI18n()
  const columns = useColumns(users)
  return (
    <OpenTable
      label={t('recordings.title')}
      kind="recording"
      rows={recordings}
      columns={columns}
      sorting={{ by: sorting, onSort }}
      opens={({ caller, called, timestamp }) =>
        t('recordings.open_who', {
          who: t('recordings.who', { from: isolate(caller), to: isolate(called) }),
          when: dateTime(moment(timestamp), language),
        })
      }
      open={open}
      onOpen={onOpen}
    >
      {(recording) => (
        <RecordingPlayer
          recording={recording}
          names={{
            caller: <Peer text={recording.caller} most={40} />,
            called: <Peer text={recording.called} most={40} />,
          }}
          onDeleted={() => onOpen(null)}
        />
      )}
    </OpenTable>
  )
}

function useColumns(users: ReadonlyMap<number, string>): Column<Monitor>[] {
  const { t, language } = useI18n()
  const tight = `${classes.tight}`
  return [
    {
      label: t('common.time'),
      sort: 'timestamp',
      className: tight,
      cell: ({ timestamp }) => <Time at={timestamp} />,
    },
    { label: t('history.caller'), sort: 'caller', cell: ({ caller }) => <Side text={caller} /> },
    { label: t('history.callee'), sort: 'called', cell: ({ called }) => <Side text={called} /> },
    {
      label: t('recordings.length'),
      sort: 'duration',
      className: tight,
      cell: ({ duration, cut }) => (
        <>
          <span className="numbers">{timer(duration)}</span>
          {cut && (
            <Badge color="orange" variant="light" tt="none" size="sm" ms={8} title={t('recordings.cut_text')}>
              {t('recordings.cut_short')}
            </Badge>
          )}
        </>
      ),
    },
    {
      label: t('recordings.size'),
      sort: 'size',
      className: `numbers ${tight}`,
      cell: ({ size }) => octets(size, language),
    },
    ...(users.size === 0
      ? []
      : [
          {
            label: t('recordings.whose'),
            cell: ({ user_id: id }: Monitor) => <Peer text={users.get(id ?? 0) ?? '–'} most={40} />,
          },
        ]),
    {
      label: t('common.call'),
      cell: ({ live_id: call }) => (
        <Anchor component={Link} href={`/calls/${call}?tab=recording`} size="sm">
          {call}
        </Anchor>
      ),
    },
  ]
}

function Side({ text }: { text: string }) {
  const { t } = useI18n()
  return text === '' ? <Text size="sm">{t('common.unknown')}</Text> : <Peer text={text} most={40} />
}
