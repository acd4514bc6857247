import { Select } from '@mantine/core'

import { useI18n } from '../../i18n'
import { FilterFields } from '../../ui/FilterFields'
import { SearchText } from '../../ui/SearchText'
import { TimeBound } from '../../ui/TimeBound'
import { type Filters, isFiltered } from './filters'

interface Props {
  filters: Filters
  /** Names of users by their ids; empty where all are one's own. */
  users: ReadonlyMap<number, string>
  onChange: (changes: Partial<Filters>) => void
  onClear: () => void
}

/** What recordings are searched by. */
export function FilterBar({ filters, users, onChange, onClear }: Props) {
  const { t } = useI18n()
  return (
    <FilterFields filtered={isFiltered(filters)} onClear={onClear}>
      <TimeBound bound="from" value={filters.from} onChange={(from) => onChange({ from })} />
      <TimeBound bound="to" value={filters.to} onChange={(to) => onChange({ to })} />
      <SearchText
        label={t('history.caller')}
        placeholder={t('common.number_hint')}
        value={filters.caller}
        onSearch={(caller) => onChange({ caller })}
        maxLength={60}
      />
      <SearchText
        label={t('history.callee')}
        placeholder={t('common.number_hint')}
        value={filters.called}
        onSearch={(called) => onChange({ called })}
        maxLength={60}
      />
      {users.size > 0 && (
        <Select
          label={t('recordings.whose')}
          data={[
            { value: '', label: t('common.all') },
            ...[...users].map(([id, name]) => ({ value: String(id), label: name })),
          ]}
          value={filters.user}
          searchable
          limit={200}
          allowDeselect={false}
          onChange={(user) => onChange({ user: user ?? '' })}
        />
      )}
    </FilterFields>
  )
}
