import { Button, Checkbox, Code, Group, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'

import { useI18n } from '../../i18n'
import { CONTEXTS, otherContexts } from './events'

interface Props {
  value: string[]
  saved: string[]
  error: string | undefined
  onChange: (contexts: string[]) => void
}

/** Which calls the events are about; with none ticked, the server's own rule decides. */
export function ContextPicker({ value, saved, error, onChange }: Props) {
  const { t } = useI18n()
  return (
    <Stack gap="xs">
      <Checkbox.Group
        label={t('webhooks.contexts')}
        description={t('webhooks.contexts_about')}
        error={error === undefined ? undefined : <bdi>{error}</bdi>}
        value={value}
        onChange={onChange}
      >
        <Stack mt="xs" gap="xs">
          {CONTEXTS.map((context) => (
            <Checkbox
              key={context.value}
              value={context.value}
              label={<Code>{context.value}</Code>}
              description={t(context.about)}
            />
          ))}
          {otherContexts(saved, value).map((context) => (
            <Checkbox
              key={context}
              value={context}
              label={<Code>{context}</Code>}
              description={t('webhooks.context_one_group')}
            />
          ))}
        </Stack>
      </Checkbox.Group>
      {value.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('webhooks.contexts_default')}
        </Text>
      )}
      <OneGroup onAdd={(context) => onChange([...new Set([...value, context])])} />
    </Stack>
  )
}

/** `RG-<id>`: one ring group only. */
function OneGroup({ onAdd }: { onAdd: (context: string) => void }) {
  const { t } = useI18n()
  const [number, setNumber] = useState('')
  const sound = /^\d{1,10}$/.test(number)
  const add = () => {
    if (!sound) return
    onAdd(`RG-${number}`)
    setNumber('')
  }
  return (
    <Group align="flex-end" gap="xs">
      <TextInput
        label={t('webhooks.context_add')}
        inputMode="numeric"
        value={number}
        w={220}
        onChange={(event) => setNumber(event.currentTarget.value.trim())}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return
          // Enter here means this field, not the whole form.
          event.preventDefault()
          add()
        }}
      />
      <Button variant="default" onClick={add} disabled={!sound}>
        {t('common.add')}
      </Button>
    </Group>
  )
}
