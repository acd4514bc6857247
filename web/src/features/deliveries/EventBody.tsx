import { Code, Group, SegmentedControl, Stack, Title } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { CopyButton } from '../../ui/CopyButton'
import { pretty } from '../../ui/pretty'

/** The body as it was sent, or with line breaks. Both are text from left to right, whatever a peer put in. */
export function EventBody({ body }: { body: string }) {
  const { t } = useI18n()
  const [shown, setShown] = useState<'pretty' | 'raw'>('pretty')
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t('deliveries.body')}
        </Title>
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            value={shown}
            onChange={setShown}
            data={[
              { value: 'pretty', label: t('deliveries.pretty') },
              { value: 'raw', label: t('deliveries.raw') },
            ]}
            aria-label={t('deliveries.body_as')}
          />
          <CopyButton text={body} />
        </Group>
      </Group>
      <Code
        block
        dir="ltr"
        tabIndex={0}
        mah={420}
        role="region"
        aria-label={t('deliveries.body')}
        style={{ whiteSpace: 'pre-wrap', unicodeBidi: 'isolate', overflow: 'auto' }}
      >
        {shown === 'pretty' ? pretty(body) : body}
      </Code>
    </Stack>
  )
}
