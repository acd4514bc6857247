import { Box, Button, Select, SimpleGrid, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useId } from 'react'

import { useI18n } from '../../i18n'
import { zone } from '../../i18n/format'
import { SearchText } from '../../ui/SearchText'
import { DIRECTIONS, DISPOSITIONS, type Filters, fromLocal, isFiltered, RESULTS, toLocal } from './filters'

interface Props {
  filters: Filters
  onChange: (changes: Partial<Filters>) => void
  onClear: () => void
}

/** What the history is searched by. */
export function FilterBar({ filters, onChange, onClear }: Props) {
  const { t, language } = useI18n()
  const here = zone(new Date(), language)
  // On a phone the fields would push the calls out of sight.
  const [unfolded, { toggle }] = useDisclosure(isFiltered(filters))
  const fields = useId()
  const any = { value: '', label: t('history.any') }
  return (
    <search>
      <Button
        hiddenFrom="xs"
        variant="default"
        fullWidth
        onClick={toggle}
        aria-expanded={unfolded}
        aria-controls={fields}
      >
        {t('history.filters')}
      </Button>
      <Box id={fields} {...(unfolded ? { mt: 'xs' } : { visibleFrom: 'xs' })}>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" verticalSpacing="xs">
          {(['from', 'to'] as const).map((bound) => (
            <TextInput
              // The field keeps what is half entered to itself, and tells of whole dates only.
              key={`${bound}${filters[bound]}`}
              type="datetime-local"
              label={t(bound === 'from' ? 'history.since' : 'history.until', { zone: here })}
              defaultValue={toLocal(filters[bound])}
              max="9999-12-31T23:59"
              onBlur={(event) => {
                if (event.currentTarget.value !== toLocal(filters[bound]))
                  onChange({ [bound]: fromLocal(event.currentTarget.value) })
              }}
              onKeyDown={(event) => {
                if (event.key === 'Enter') event.currentTarget.blur()
              }}
            />
          ))}
          <SearchText
            label={t('history.caller')}
            placeholder={t('history.number_hint')}
            value={filters.src}
            onSearch={(src) => onChange({ src })}
            maxLength={60}
          />
          <SearchText
            label={t('history.callee')}
            placeholder={t('history.number_hint')}
            value={filters.dst}
            onSearch={(dst) => onChange({ dst })}
            maxLength={60}
          />
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
          <Button
            variant="default"
            onClick={onClear}
            disabled={!isFiltered(filters)}
            style={{ alignSelf: 'end' }}
          >
            {t('history.clear')}
          </Button>
        </SimpleGrid>
      </Box>
    </search>
  )
}
