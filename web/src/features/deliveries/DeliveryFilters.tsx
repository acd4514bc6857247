import { Button, Group, NativeSelect, TextInput } from '@mantine/core'

import type { Webhook } from '../../api/types'
import { useI18n } from '../../i18n'
import { moment } from '../../i18n/format'
import { cut } from '../../ui/cut'
import { SearchText } from '../../ui/SearchText'
import { eventText } from './eventText'
import { EVENTS, type Filters, narrowed, STATES } from './filters'
import { stateText } from './StateChip'
import { toAddress, toLocal, toUtc } from './when'

interface Props {
  filters: Filters
  webhooks: Webhook[]
  onChange: (changes: Record<string, string | null>) => void
}

/** The filters, which live in the address bar: a link shows the same. */
export function DeliveryFilters({ filters, webhooks, onChange }: Props) {
  const { t } = useI18n()
  const any = { value: '', label: t('common.all') }
  const named = webhooks.map(({ id, name }) => ({ value: String(id), label: cut(name) }))
  // One that was deleted has no name any more, but its deliveries are still there.
  const known = named.some(({ value }) => value === filters.webhook)
  if (filters.webhook !== null && !known) {
    named.push({ value: filters.webhook, label: t('deliveries.webhook_id', { id: filters.webhook }) })
  }
  const events = EVENTS.map((event) => {
    const about = eventText(event)
    return { value: event, label: about === null ? event : `${event} – ${t(about)}` }
  })
  const states = STATES.map((state) => ({ value: state, label: t(stateText(state)) }))
  return (
    <Group gap="sm" align="flex-end" role="search" aria-label={t('deliveries.filters')}>
      <NativeSelect
        label={t('common.webhook')}
        data={[any, ...named]}
        value={filters.webhook ?? ''}
        maw={220}
        onChange={(event) => onChange({ webhook: event.currentTarget.value })}
      />
      <NativeSelect
        label={t('common.event')}
        data={[any, ...events]}
        value={filters.event ?? ''}
        maw={220}
        onChange={(event) => onChange({ event: event.currentTarget.value })}
      />
      <NativeSelect
        label={t('common.state')}
        data={[any, ...states]}
        value={filters.state ?? ''}
        onChange={(event) => onChange({ state: event.currentTarget.value })}
      />
      <SearchText
        label={t('deliveries.call_id')}
        inputMode="numeric"
        w={150}
        value={filters.call ?? ''}
        onSearch={(call) => onChange({ call: call.replace(/\D/g, '') })}
      />
      <Moment label={t('common.from')} value={filters.from} onChange={(from) => onChange({ from })} />
      <Moment label={t('common.to')} value={filters.to} onChange={(to) => onChange({ to })} />
      {narrowed(filters) && (
        <Button
          variant="default"
          onClick={() =>
            onChange({ webhook: null, event: null, state: null, call: null, from: null, to: null })
          }
        >
          {t('deliveries.no_filters')}
        </Button>
      )}
    </Group>
  )
}

/** A moment in the viewer's zone; the address bar has it in UTC, so that a link means the same to everybody. */
function Moment({
  label,
  value,
  onChange,
}: {
  label: string
  value: string | null
  onChange: (value: string | null) => void
}) {
  const local = value === null ? '' : toLocal(moment(value))
  return (
    <TextInput
      // The field keeps what is half entered to itself, and tells of whole moments only.
      key={local}
      type="datetime-local"
      label={label}
      defaultValue={local}
      max="9999-12-31T23:59"
      onBlur={(event) => {
        if (event.currentTarget.value === local) return
        const utc = toUtc(event.currentTarget.value)
        onChange(utc === null ? null : toAddress(utc))
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur()
      }}
    />
  )
}
