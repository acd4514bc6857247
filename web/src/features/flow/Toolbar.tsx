import { Button, Group, SegmentedControl, TextInput } from '@mantine/core'

import { useI18n } from '../../i18n'
import { exportAddress, FORMATS } from './useFlow'

interface Props {
  text: string
  onText: (text: string) => void
  relative: boolean
  onRelative: (relative: boolean) => void
  /** Where the ladder came from. */
  path: string
}

/** Search, clock, and the ladder as files. */
export function Toolbar({ text, onText, relative, onRelative, path }: Props) {
  const { t } = useI18n()
  return (
    <Group justify="space-between" gap="xs">
      <Group gap="xs">
        <TextInput
          size="xs"
          w={220}
          type="search"
          aria-label={t('flow.search')}
          placeholder={t('flow.search')}
          value={text}
          onChange={(event) => onText(event.currentTarget.value)}
        />
        <SegmentedControl
          size="xs"
          aria-label={t('flow.clock')}
          value={relative ? 'relative' : 'absolute'}
          onChange={(value) => onRelative(value === 'relative')}
          data={[
            { value: 'absolute', label: t('flow.absolute') },
            { value: 'relative', label: t('flow.relative') },
          ]}
        />
      </Group>
      <Group gap={6} role="group" aria-label={t('flow.export')}>
        {FORMATS.map((format) => (
          <Button
            key={format}
            component="a"
            href={exportAddress(path, format)}
            download
            size="compact-xs"
            variant="default"
            aria-label={t(`flow.export_${format}`)}
          >
            {`.${format}`}
          </Button>
        ))}
      </Group>
    </Group>
  )
}
