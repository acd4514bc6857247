import { Select } from '@mantine/core'

import { useI18n } from '../../i18n'
import { CallFilters } from '../../ui/CallFilters'
import { FilterFields } from '../../ui/FilterFields'
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
      <CallFilters filters={filters} sides={['caller', 'called']} onChange={onChange} />
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
