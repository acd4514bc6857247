import { Select } from '@mantine/core'

import { useI18n } from '../../i18n'
import { CallFilters } from '../../ui/CallFilters'
import { FilterFields } from '../../ui/FilterFields'
import { SearchText } from '../../ui/SearchText'
import { DIRECTIONS, DISPOSITIONS, type Filters, isFiltered, RESULTS } from './filters'

interface Props {
  filters: Filters
  onChange: (changes: Partial<Filters>) => void
  onClear: () => void
}

/** What the history is searched by. */
export function FilterBar({ filters, onChange, onClear }: Props) {
  const { t } = useI18n()
  const any = { value: '', label: t('history.any') }
  return (
    <FilterFields filtered={isFiltered(filters)} onClear={onClear}>
      <CallFilters filters={filters} sides={['src', 'dst']} onChange={onChange} />
      <Select
        label={t('history.direction')}
        data={[any, ...DIRECTIONS.map((value) => ({ value, label: t(`history.direction_${value}`) }))]}
        value={filters.direction}
        allowDeselect={false}
        onChange={(value) => onChange({ direction: DIRECTIONS.find((word) => word === value) ?? '' })}
      />
      <Select
        label={t('history.result')}
        data={[any, ...DISPOSITIONS.map((value) => ({ value, label: t(RESULTS[value]) }))]}
        value={filters.disposition}
        allowDeselect={false}
        onChange={(value) => onChange({ disposition: DISPOSITIONS.find((word) => word === value) ?? '' })}
      />
      <SearchText
        label={t('history.context')}
        placeholder={t('history.context_hint')}
        value={filters.context}
        onSearch={(context) => onChange({ context })}
        maxLength={60}
      />
    </FilterFields>
  )
}
