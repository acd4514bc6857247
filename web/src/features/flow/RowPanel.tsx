import { Badge, Button, Drawer, Group, Stack, Text } from '@mantine/core'

import type { FlowColumn } from '../../api/types'
import { useI18n } from '../../i18n'
import { CopyButton } from '../../ui/CopyButton'
import { clockText } from './delta'
import { DeliveryPart } from './DeliveryPart'
import type { RowItem } from './items'
import { MessageText } from './MessageText'
import { ofWebhook, type Row } from './rows'

interface Props {
  item: RowItem | null
  rows: readonly Row[]
  columns: readonly FlowColumn[]
  /** The rows before and after it that the ladder shows. */
  previous: (() => void) | null
  next: (() => void) | null
  onGo: (n: number) => void
  /** Shows or folds the repetitions of a row. */
  onFold: (key: string) => void
  onClose: () => void
}

/** All of one row, beside the ladder. */
export function RowPanel({ item, onClose, ...rest }: Props) {
  const { t } = useI18n()
  return (
    <Drawer
      opened={item !== null}
      onClose={onClose}
      position="right"
      size={560}
      title={item === null ? '' : t('flow.row', { n: String(item.row.n) })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      overlayProps={{ backgroundOpacity: 0.2 }}
      // The ladder gives the focus back to the row that was looked at last.
      returnFocus={false}
    >
      {item !== null && <Content item={item} {...rest} />}
    </Drawer>
  )
}

function Content({
  item,
  rows,
  columns,
  previous,
  next,
  onGo,
  onFold,
}: Omit<Props, 'item' | 'onClose'> & { item: RowItem }) {
  const { t } = useI18n()
  const { row, shape } = item
  const alias = (id: string) => columns.find((column) => column.id === id)?.alias ?? id
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Button size="xs" variant="default" disabled={previous === null} onClick={() => previous?.()}>
          {t('flow.previous_row')}
        </Button>
        <Button size="xs" variant="default" disabled={next === null} onClick={() => next?.()}>
          {t('flow.next_row')}
        </Button>
        {row.raw !== null && <CopyButton text={row.raw} />}
      </Group>
      <div>
        <Text fw={700}>
          <bdi>{row.label}</bdi>
        </Text>
        <Text size="sm">
          <bdi>{alias(row.from)}</bdi>
          {row.from !== row.to && (
            <>
              {' → '}
              <bdi>{alias(row.to)}</bdi>
            </>
          )}
          {' · '}
          <time dateTime={row.at} title={row.at}>
            {clockText(item.at)}
          </time>
        </Text>
        {row.detail !== '' && (
          <Text size="sm" c="dimmed">
            <bdi>{row.detail}</bdi>
          </Text>
        )}
      </div>
      <Marks item={item} onGo={onGo} onFold={onFold} />
      {row.error !== null && row.error !== row.detail && row.error !== row.label && (
        <Text size="sm" c="var(--mantine-color-error)">
          <bdi>{row.error}</bdi>
        </Text>
      )}
      {row.delivery_id !== null ? (
        <DeliveryPart row={row} rows={rows} attempt={ofWebhook(shape)} />
      ) : (
        <Raw row={row} />
      )}
    </Stack>
  )
}

function Marks({ item, onGo, onFold }: { item: RowItem } & Pick<Props, 'onGo' | 'onFold'>) {
  const { t, tn } = useI18n()
  const { row, cause } = item
  const first = row.retransmission_of
  return (
    <Group gap="xs">
      {row.leg !== null && (
        <Badge variant="outline" color="gray" tt="none">
          {t('flow.leg_word')} {row.leg}
        </Badge>
      )}
      {item.hold && (
        <Badge variant="light" color="gray" tt="none">
          {t('flow.hold')}
        </Badge>
      )}
      {item.repeats > 0 && (
        <Button
          size="compact-xs"
          variant="default"
          aria-expanded={item.open}
          onClick={() => onFold(item.key)}
        >
          {tn('flow.times', item.repeats + 1)}
        </Button>
      )}
      {cause !== null && (
        <Button size="compact-xs" variant="default" onClick={() => onGo(cause)}>
          {t('flow.by_row', { n: String(cause) })}
        </Button>
      )}
      {first !== null && (
        <Button size="compact-xs" variant="default" onClick={() => onGo(first)}>
          {t('flow.repeats_row', { n: String(first) })}
        </Button>
      )}
    </Group>
  )
}

function Raw({ row }: { row: Row }) {
  const { t } = useI18n()
  if (row.raw === null) return <Text c="dimmed">{t('flow.no_raw')}</Text>
  // What no webhook was to be told of has the event's body, and no headers.
  const event = row.kind === 'note' && row.raw.startsWith('{')
  return (
    <MessageText
      raw={event ? `\n\n${row.raw}` : row.raw}
      kind={row.kind === 'sip' ? 'sip' : 'http'}
      name={t('flow.raw')}
    />
  )
}
