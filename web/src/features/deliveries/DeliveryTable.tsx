import { Anchor, Checkbox, Code, Group, Stack, Table, Text } from '@mantine/core'
import type { MouseEvent } from 'react'
import { Link, useLocation } from 'wouter'

import { useI18n } from '../../i18n'
import { Moment } from '../../ui/Moment'
import { Peer } from '../../ui/Peer'
import { Time } from '../../ui/Time'
import { useReason } from '../webhooks/useReason'
import { eventText } from './eventText'
import type { Row } from './rows'
import { StateChip } from './StateChip'

interface Props {
  rows: Row[]
  names: ReadonlyMap<number, string>
  selected: ReadonlySet<number>
  onSelect: (ids: number[], on: boolean) => void
}

export function DeliveryTable({ rows, names, selected, onSelect }: Props) {
  const { t } = useI18n()
  const ids = rows.map(({ id }) => id)
  const chosen = ids.filter((id) => selected.has(id)).length
  return (
    <div
      role="region"
      tabIndex={0}
      aria-label={t('deliveries.title')}
      style={{ overflowX: 'auto', position: 'relative' }}
    >
      <Table miw={960} highlightOnHover verticalSpacing={6}>
        <Table.Thead style={{ whiteSpace: 'nowrap' }}>
          <Table.Tr>
            <Table.Th scope="col" w={36}>
              <Checkbox
                aria-label={t('deliveries.select_all')}
                checked={chosen > 0 && chosen === ids.length}
                indeterminate={chosen > 0 && chosen < ids.length}
                onChange={(event) => onSelect(ids, event.currentTarget.checked)}
              />
            </Table.Th>
            <Table.Th scope="col">{t('common.time')}</Table.Th>
            <Table.Th scope="col">{t('common.event')}</Table.Th>
            <Table.Th scope="col">{t('common.call')}</Table.Th>
            <Table.Th scope="col">{t('common.webhook')}</Table.Th>
            <Table.Th scope="col">{t('common.state')}</Table.Th>
            <Table.Th scope="col">{t('deliveries.last_answer')}</Table.Th>
            <Table.Th scope="col">{t('deliveries.attempts')}</Table.Th>
            <Table.Th scope="col">{t('deliveries.next_attempt')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Line
              key={row.id}
              row={row}
              name={names.get(row.webhook_id)}
              selected={selected.has(row.id)}
              onSelect={(on) => onSelect([row.id], on)}
            />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

interface LineProps {
  row: Row
  name: string | undefined
  selected: boolean
  onSelect: (on: boolean) => void
}

function Line({ row, name, selected, onSelect }: LineProps) {
  const { t } = useI18n()
  const [, navigate] = useLocation()
  const about = eventText(row.event_name)
  // A click anywhere opens it; who has no mouse has the link on the event's name.
  const open = (event: MouseEvent) => {
    const own =
      event.target instanceof Element && event.target.closest('a, button, input, label, [data-own]') !== null
    const marking = window.getSelection()?.isCollapsed === false
    if (!own && !marking) navigate(`/deliveries/${row.id}`)
  }
  return (
    <Table.Tr onClick={open} style={{ cursor: 'pointer' }} data-delivery={row.id}>
      {/* Who misses the box by a hair does not want to be taken elsewhere. */}
      <Table.Td data-own style={{ cursor: 'default' }}>
        <Checkbox
          aria-label={t('deliveries.select', { id: String(row.id) })}
          checked={selected}
          onChange={(event) => onSelect(event.currentTarget.checked)}
        />
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{row.at !== null && <Time at={row.at} />}</Table.Td>
      <Table.Td>
        <Anchor component={Link} href={`/deliveries/${row.id}`} title={about === null ? undefined : t(about)}>
          <Code bg="transparent" c="inherit" p={0} fz="sm">
            {row.event_name}
          </Code>
        </Anchor>
      </Table.Td>
      <Table.Td className="numbers">
        {row.root_call_id !== null && (
          <Anchor
            component={Link}
            href={`/calls/${row.root_call_id}`}
            fz="sm"
            aria-label={t('deliveries.call', { id: String(row.root_call_id) })}
          >
            {row.root_call_id}
          </Anchor>
        )}
      </Table.Td>
      <Table.Td>
        {name === undefined ? (
          t('deliveries.webhook_id', { id: String(row.webhook_id) })
        ) : (
          <Peer text={name} most={40} />
        )}
      </Table.Td>
      <Table.Td>
        <Group gap={4} wrap="nowrap">
          <StateChip state={row.state} />
          {row.replayed && (
            <Text span size="xs" c="dimmed">
              {t('deliveries.replayed')}
            </Text>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        <Answer row={row} />
      </Table.Td>
      <Table.Td className="numbers">{row.attempts}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        {row.next_attempt_at !== null && <Moment at={row.next_attempt_at} />}
      </Table.Td>
    </Table.Tr>
  )
}

/** Status and time of the last attempt; without a status, why there was none. */
function Answer({ row }: { row: Row }) {
  const { t } = useI18n()
  const reason = useReason()
  const { status, error, ms } = row
  if (ms === null) return null
  if (status !== null) {
    return <span className="numbers">{t('deliveries.answer', { status: String(status), ms })}</span>
  }
  return (
    <Stack gap={0}>
      <Text size="sm" lineClamp={2} component="bdi">
        {reason(error ?? t('common.no_answer'))}
      </Text>
      <Text size="xs" c="dimmed" className="numbers">
        {t('common.in_ms', { ms })}
      </Text>
    </Stack>
  )
}
