import { Box, Button, SimpleGrid } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type ReactNode, useId } from 'react'

import { useI18n } from '../i18n'

interface Props {
  /** Whether any filter is set. */
  filtered: boolean
  onClear: () => void
  children: ReactNode
}

/** The fields that a list is searched by. On a phone they would push the list out of sight, so they fold. */
export function FilterFields({ filtered, onClear, children }: Props) {
  const { t } = useI18n()
  const [unfolded, { toggle }] = useDisclosure(filtered)
  const fields = useId()
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
        {t('common.filters')}
      </Button>
      <Box id={fields} {...(unfolded ? { mt: 'xs' } : { visibleFrom: 'xs' })}>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" verticalSpacing="xs">
          {children}
          <Button variant="default" onClick={onClear} disabled={!filtered} style={{ alignSelf: 'end' }}>
            {t('common.clear_filters')}
          </Button>
        </SimpleGrid>
      </Box>
    </search>
  )
}
